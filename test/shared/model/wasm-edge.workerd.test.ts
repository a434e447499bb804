/**
 * The edge's binaries beside the whole ones. In a file of its own: tfjs layers can be wired once.
 */
import { expect, test } from 'vitest';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { wasmModule as edgeModule } from '../../../shared/model/wasm-edge.ts';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { LAYER_CASES } from '../../trainer/compile/layer-cases.ts';
import {
  bitsOf,
  compileFiles,
  loadCompiled,
  randomModel,
  randomNumbers,
  saveModel,
} from '../../trainer/compile/support.ts';

const [whole, cut] = [wasmModule, edgeModule].map((module) => createRuntime(module));

test.each(LAYER_CASES)('gives the same bits as with all of TensorFlow.js: %s', async (_, shape, wire) => {
  const compiled = compileFiles(await saveModel(randomModel(shape, wire)));
  const [expected, got] = [whole, cut].map((runtime) => {
    if (runtime === undefined) throw new Error('expected two runtimes');
    const program = loadCompiled(runtime, compiled);
    const output = bitsOf(program.run(randomNumbers(3 * program.inputSize, 4), 3));
    program.dispose();
    return output;
  });
  expect(got).toEqual(expected);
});
