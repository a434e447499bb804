/**
 * Holdfast's side: the executor with a version in front, as the edge Worker serves it.
 */
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { createServable, loadPlan } from '../../../shared/model/run/predictor.ts';
import { wasmModule } from '../../../shared/model/wasm-edge.ts';
import type { BenchModel } from '../bench-model.ts';
import type { Side } from './side.ts';

/** A new runtime each time, as an empty isolate has none. */
export function loadExecutor({ spec, manifest, files }: BenchModel): Side {
  const program = loadPlan(createRuntime(wasmModule), files['edge.json'], files['edge.bin']);
  if (!program.ok) throw new Error(program.error);
  const servable = createServable(spec, manifest, null, program.value);
  return { predict: ({ rows }) => servable.predict(rows) };
}
