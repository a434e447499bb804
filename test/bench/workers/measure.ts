/**
 * Measures sides in one isolate, in turns. A request brings the model and says how long to measure.
 */
import { type BenchModel, fromForm } from '../bench-model.ts';
import { createInputs, type Inputs, type Side } from './side.ts';

export interface Effort {
  readonly batch: number;
  /** How long each side runs before anything counts: the engine compiles again, optimised, what runs often. */
  readonly warmUpMs: number;
  readonly rounds: number;
  /** How long each side's calls of one round take, about; one call at least. */
  readonly roundMs: number;
  /** No round begins after this, but the first three. */
  readonly maxMs: number;
}

/** By side, and by round: milliseconds a call. */
export type Measured = Readonly<Record<string, readonly number[]>>;

type Loader = (model: BenchModel) => Side | Promise<Side>;

/** Of the largest output. Above this the sides don't compute the same, and there is nothing to compare. */
const TOLERANCE = 1e-4;
const MIN_ROUNDS = 3;

/** @param loaders  by name; the first is the reference for the outputs */
export async function answerMeasurement(
  request: Request,
  loaders: Readonly<Record<string, Loader>>,
): Promise<Response> {
  const form = await request.formData();
  const effort = JSON.parse(form.get('effort') as string) as Effort;
  return Response.json(await measure(await fromForm(form), loaders, effort));
}

async function measure(
  model: BenchModel,
  loaders: Readonly<Record<string, Loader>>,
  effort: Effort,
): Promise<Measured> {
  const inputs = createInputs(model.spec, effort.batch);
  const sides: { readonly side: Side; readonly calls: number; readonly ms: number[] }[] = [];
  let reference: Float32Array | undefined;
  for (const [name, load] of Object.entries(loaders)) {
    const side = await load(model);
    const output = (await side.predict(inputs)).slice();
    reference ??= output;
    checkAgreement(name, output, reference);
    sides.push({ side, calls: await countCalls(side, inputs, effort), ms: [] });
  }
  const start = performance.now();
  for (let round = 0; round < effort.rounds; round++) {
    if (round >= MIN_ROUNDS && performance.now() - start > effort.maxMs) break;
    for (const { side, calls, ms } of sides) ms.push(await timeCalls(side, inputs, calls));
  }
  return Object.fromEntries(Object.keys(loaders).map((name, i) => [name, sides[i]?.ms ?? []]));
}

function checkAgreement(name: string, output: Float32Array, reference: Float32Array): void {
  const largest = reference.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const worst = reference.reduce((max, x, i) => Math.max(max, Math.abs(x - (output[i] ?? NaN))), 0);
  // Written so that NaN fails.
  if (output.length !== reference.length || !(worst <= TOLERANCE * largest))
    throw new Error(`${name}: an output differs by ${worst}, expected at most ${TOLERANCE * largest}`);
}

/** The clock counts whole milliseconds here, so a round has as many calls as fill it. */
async function countCalls(side: Side, inputs: Inputs, { warmUpMs, roundMs }: Effort): Promise<number> {
  await callFor(side, inputs, warmUpMs);
  return callFor(side, inputs, roundMs);
}

/** @returns how many calls it took */
async function callFor(side: Side, inputs: Inputs, ms: number): Promise<number> {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < ms) {
    await side.predict(inputs);
    calls += 1;
  }
  return calls;
}

/** @returns milliseconds a call */
async function timeCalls(side: Side, inputs: Inputs, calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) {
    const output = side.predict(inputs);
    // Waiting for what is there already would cost the small models a tenth.
    if (output instanceof Promise) await output;
  }
  return (performance.now() - start) / calls;
}
