/**
 * A version, ready to predict: base and head as edge plans, with the preprocessing in front. The edge serves with this
 * and the gate judges with this, so what is measured is what production computes.
 *
 * Knows no store, and so none of the schemas that come with one: this is what a cold start waits for.
 */
import type { BaseManifest } from '../../registry/versions/base-manifest.ts';
import type { Constants } from '../../registry/versions/manifest.ts';
import type { ServingManifest } from '../../registry/champion/serving.ts';
import { err, type Result } from '../../result.ts';
import { createEncoder, encodedSize } from '../spec/input.ts';
import { parsePlan } from '../plan/plan.ts';
import { outputWidth, type TaskSpec } from '../spec/task.ts';
import { widenRows } from '../../bytes.ts';
import type { Runtime } from './runtime.ts';
import type { Program } from './program.ts';
import type { ServingSpec } from '../spec/serving-spec.ts';
import type { InputSpec } from '../spec/spec.ts';
import type { RowEncoder } from '../spec/table-encoder.ts';

export interface Base {
  readonly manifest: BaseManifest;
  readonly program: Program;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** An edge plan's two files as a program. */
export function loadPlan(
  runtime: Runtime,
  planJson: Uint8Array,
  weights: Uint8Array,
): Result<Program, string> {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(planJson));
  } catch {
    return err('plan: expected JSON in UTF-8');
  }
  const plan = parsePlan(json);
  if (!plan.ok) return err(plan.error.message);
  const program = runtime.load(plan.value, weights);
  return program.ok ? program : err(program.error.message);
}

/** What the head reads of an example: the base's features, or the encoded input where there is no base. */
export interface FeatureReader {
  readonly size: number;
  /** @returns features, [rows, size] */
  read(rows: readonly Float32Array[]): Float32Array;
}

/**
 * @param constants  what preprocessing was fitted to; null where the input has nothing to fit
 * @param base       null where the head reads the encoded input itself
 */
export function createFeatureReader(
  input: InputSpec,
  constants: Constants | null,
  base: Base | null,
): FeatureReader {
  const size = encodedSize(input);
  const encode = createEncoder(input, constants);
  if (base !== null) {
    const run = createRun(base.program, size, encode);
    return { size: base.manifest.featureSize, read: run };
  }
  const read = (rows: readonly Float32Array[]): Float32Array => {
    const encoded = new Float32Array(rows.length * size);
    for (const [i, raw] of rows.entries()) encode(raw, encoded, i * size);
    return encoded;
  };
  return { size, read };
}

/** Encodes every example where the program reads it. */
function createRun(
  program: Program,
  size: number,
  encode: RowEncoder,
): (rows: readonly Float32Array[]) => Float32Array {
  return (rows) => {
    if (program.inputSize !== size)
      throw new RangeError(`expected a program that reads ${size} numbers, got one of ${program.inputSize}`);
    return program.runWritten(rows.length, (example, out) => encode(rows[example] as Float32Array, out, 0));
  };
}

export interface Servable {
  readonly manifest: ServingManifest;
  /**
   * @param rows  raw examples, each [rawSize]
   * @returns probabilities, [rows, labels]; of a regression the target, [rows, 1]
   */
  predict(rows: readonly Float32Array[]): Float32Array;
}

/** Puts preprocessing, base and head together. Disposing of the programs stays the caller's business. */
export function createServable(
  spec: Pick<ServingSpec, 'input'> & TaskSpec,
  manifest: ServingManifest,
  base: Base | null,
  head: Program,
): Servable {
  const width = outputWidth(spec);
  const run = createHeadRun(spec.input, manifest.constants, base, head);
  return { manifest, predict: (rows) => widenRows(run(rows), head.outputSize, width) };
}

function createHeadRun(
  input: InputSpec,
  constants: Constants | null,
  base: Base | null,
  head: Program,
): (rows: readonly Float32Array[]) => Float32Array {
  if (base === null) return createRun(head, encodedSize(input), createEncoder(input, constants));
  const features = createFeatureReader(input, constants, base);
  return (rows) => head.run(features.read(rows), rows.length);
}
