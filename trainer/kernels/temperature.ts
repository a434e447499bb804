/**
 * Probabilities at another temperature, by the kernels: an engine's `pow` may differ from another's.
 */
import { borrowWorkspace } from './workspace.ts';

/**
 * p to the power of 1 / temperature, each row divided by its sum (Hinton et al. 2015). Above 1 the rows become more
 * alike, below 1 more certain.
 *
 * @param module         `kernels.wasm`, compiled
 * @param probabilities  [rows, classes]
 * @returns the same shape
 */
export function applyTemperature(
  module: WebAssembly.Module,
  probabilities: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  const workspace = borrowWorkspace(module);
  const address = workspace.allocate(probabilities.length);
  const values = workspace.floats(address, probabilities.length);
  values.set(probabilities);
  workspace.kernels.temper(address, address, probabilities.length / classes, classes, temperature);
  const tempered = values.slice();
  workspace.release();
  return tempered;
}
