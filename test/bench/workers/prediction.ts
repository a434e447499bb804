/**
 * Measures both sides in one isolate, in turns. A request brings the model and says how long to measure.
 */
import { type BenchModel, fromForm } from '../bench-model.ts';
import { loadExecutor } from './executor-side.ts';
import { loadLayers } from './layers-side.ts';
import { createInputs, type Inputs, type Side } from './side.ts';

export interface Effort {
  readonly batch: number;
  /** How long each side runs before anything counts: the engine compiles again, optimised, what runs often. */
  readonly warmUpMs: number;
  readonly rounds: number;
  /** How long each side's calls of one round take, about. */
  readonly roundMs: number;
}

/** Milliseconds a call, by round. */
export interface Measured {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** Above this the sides don't compute the same, and there is nothing to compare. */
const TOLERANCE = 1e-4;

export default {
  async fetch(request: Request): Promise<Response> {
    const form = await request.formData();
    const effort = JSON.parse(form.get('effort') as string) as Effort;
    return Response.json(await measure(await fromForm(form), effort));
  },
};

async function measure(model: BenchModel, effort: Effort): Promise<Measured> {
  const inputs = createInputs(model.spec, effort.batch);
  const executor = loadExecutor(model);
  const layers = await loadLayers(model);
  checkAgreement(executor.predict(inputs), layers.predict(inputs));

  const ourCalls = countCalls(executor, inputs, effort);
  const theirCalls = countCalls(layers, inputs, effort);

  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    ours.push(timeCalls(executor, inputs, ourCalls));
    theirs.push(timeCalls(layers, inputs, theirCalls));
  }
  return { ours, theirs };
}

function checkAgreement(ours: Float32Array, theirs: Float32Array): void {
  const worst = theirs.reduce((max, x, i) => Math.max(max, Math.abs(x - (ours[i] ?? NaN))), 0);
  // Written so that NaN fails.
  if (ours.length !== theirs.length || !(worst <= TOLERANCE))
    throw new Error(`the outputs differ by ${worst}, expected at most ${TOLERANCE}`);
}

/** The clock counts whole milliseconds here, so a round has as many calls as fill it. */
function countCalls(side: Side, inputs: Inputs, { warmUpMs, roundMs }: Effort): number {
  callFor(side, inputs, warmUpMs);
  return callFor(side, inputs, roundMs);
}

/** @returns how many calls it took */
function callFor(side: Side, inputs: Inputs, ms: number): number {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < ms) {
    side.predict(inputs);
    calls += 1;
  }
  return calls;
}

/** @returns milliseconds a call */
function timeCalls(side: Side, inputs: Inputs, calls: number): number {
  const start = performance.now();
  for (let call = 0; call < calls; call++) side.predict(inputs);
  return (performance.now() - start) / calls;
}
