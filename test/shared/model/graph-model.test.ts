import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileModel, type CompileOptions } from '../../../shared/model/compile.ts';
import { SUPPORTED_OPS } from '../../../shared/model/draw-graph.ts';
import type { CompiledPlan } from '../../../shared/model/emit.ts';
import { isGraphModel, parseGraphModelJson } from '../../../shared/model/graph-model.ts';
import { createRuntime, type Runtime } from '../../../shared/model/runtime.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { decodeWeights } from '../../../shared/model/weights.ts';
import { attr, createGraph, loadGraph, toGraphModel, type GraphFiles } from '../../support/graph-def.ts';
import { wireMobileNetV2 } from '../../support/mobilenet-v2.ts';
import { buildCase, GRAPH_CASES } from './graph-cases.ts';
import {
  expectClose,
  expectRowsIndependent,
  loadCompiled,
  messageOf,
  predict,
  randomModel,
  randomNumbers,
  unwrap,
} from './support.ts';

let runtime: Runtime;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  runtime = createRuntime(await loadWasmModule());
});

function compile({ json, weights }: GraphFiles, options?: CompileOptions) {
  const model = unwrap(parseGraphModelJson(json));
  return compileModel(model, unwrap(decodeWeights(model, weights)), options);
}

function opsOf({ plan }: CompiledPlan): string[] {
  return plan.nodes.map((node) => node.op);
}

async function expectSameAsTfjs(files: GraphFiles, inputShape: readonly number[], batch = 3): Promise<void> {
  const program = loadCompiled(runtime, unwrap(compile(files)));
  const input = randomNumbers(batch * program.inputSize, 5);
  const model = await loadGraph(files);
  const expected = tf.tidy(() => {
    const output = model.predict(tf.tensor(input, [batch, ...inputShape])) as tf.Tensor;
    return { shape: output.shape.slice(1), data: output.dataSync<'float32'>() };
  });
  expect(program.outputShape).toEqual(expected.shape);
  expectClose(program.run(input, batch), expected.data);
  expectRowsIndependent(program, [5]);
  program.dispose();
  model.dispose();
}

describe('gives what TensorFlow.js gives', () => {
  test.each(GRAPH_CASES)('%s', async (...graphCase) => {
    await expectSameAsTfjs(buildCase(graphCase), graphCase[1]);
  });

  test('there is a case of every operation', () => {
    const covered = new Set(
      GRAPH_CASES.flatMap((graphCase) => unwrap(parseGraphModelJson(buildCase(graphCase).json)).nodes).map(
        ({ op }) => op,
      ),
    );
    expect(SUPPORTED_OPS.filter((op) => !covered.has(op))).toEqual([]);
  });
});
