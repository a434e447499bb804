/**
 * The kernels' losses by themselves, for models that are computed elsewhere: the same numbers as of a dense stack.
 */
import type { Loss } from './dense-stack.ts';
import { borrowWorkspace } from './workspace.ts';

/** Views end when the memory grows, whoever makes it: read them here again after every wait. */
export interface LossFunction {
  /** As a dense stack's: [capacity, outputs], and [capacity] for weights. */
  readonly outputs: Float32Array;
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  readonly teacher: Float32Array;
  readonly teacherWeights: Float32Array;
  /** d loss / d outputs, of the mean over the rows */
  readonly gradient: Float32Array;
  /** Against `targets`, summed over the rows by their weights; replaces the gradient. */
  loss(rows: number): number;
  /** Against `teacher`, at a temperature; adds to the gradient. */
  teacherLoss(rows: number, temperature: number): number;
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

/** @param module  `kernels.wasm`, compiled */
export function createLossFunction(
  module: WebAssembly.Module,
  kind: Loss,
  capacity: number,
  columns: number,
): LossFunction {
  const workspace = borrowWorkspace(module);
  const matrix = (): number => workspace.allocate(capacity * columns);
  const column = (): number => workspace.allocate(capacity);
  const [outputs, targets, teacher, gradient, scratch] = [matrix(), matrix(), matrix(), matrix(), matrix()];
  const [weights, teacherWeights] = [column(), column()];
  const measure = (rows: number, temperature: number | null): number => {
    const { kernels } = workspace;
    const wanted = temperature === null ? targets : teacher;
    const counts = temperature === null ? weights : teacherWeights;
    const adds = temperature === null ? 0 : 1;
    const total =
      kind === 'cross-entropy'
        ? kernels.cross_entropy(
            outputs,
            wanted,
            counts,
            gradient,
            scratch,
            rows,
            columns,
            temperature ?? 1,
            adds,
          )
        : kernels.squared_error(outputs, wanted, counts, gradient, rows, columns, adds);
    return Math.fround(total);
  };
  const view = (address: number, width: number): Float32Array => workspace.floats(address, capacity * width);
  for (const address of [outputs, targets, teacher, gradient]) view(address, columns).fill(0);
  view(weights, 1).fill(1);
  view(teacherWeights, 1).fill(0);
  return {
    get outputs() {
      return view(outputs, columns);
    },
    get targets() {
      return view(targets, columns);
    },
    get weights() {
      return view(weights, 1);
    },
    get teacher() {
      return view(teacher, columns);
    },
    get teacherWeights() {
      return view(teacherWeights, 1);
    },
    get gradient() {
      return view(gradient, columns);
    },
    loss: (rows) => measure(rows, null),
    teacherLoss: measure,
    release: () => workspace.release(),
  };
}
