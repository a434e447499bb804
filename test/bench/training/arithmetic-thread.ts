/**
 * A thread in which a base runs on the same numbers again and again: what two threads of a machine can do at most.
 */
import { workerData } from 'node:worker_threads';
import { loadPlan } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import type { BaseFiles } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { serveTasks } from '../../../trainer/node/serve-tasks.ts';

const { plan, weights } = workerData as BaseFiles;
const program = loadPlan(createRuntime(await loadWasmModule()), plan, weights);
if (!program.ok) throw new Error(program.error);
const { value } = program;
const input = Float32Array.from({ length: value.inputSize }, (_, i) => (i % 255) / 255);

serveTasks((times: number): null => {
  for (let i = 0; i < times; i++) value.run(input, 1);
  return null;
});
