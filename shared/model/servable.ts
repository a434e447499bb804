/**
 * A version, ready to predict: base and head as edge plans, with the preprocessing in front. The edge serves with this
 * and the gate judges with this, so what is measured is what production computes.
 */
import * as z from 'zod';
import { describeReadError, loadJson, parseJson } from '../registry/json.ts';
import { keys } from '../registry/keys.ts';
import {
  type BaseManifest,
  baseManifestSchema,
  type Constants,
  type Manifest,
} from '../registry/manifest.ts';

import type { ObjectStore } from '../registry/store.ts';
import { describeDamage, loadVersionFile, type VersionError } from '../registry/versions.ts';
import { err, ok, type Result } from '../result.ts';
import { encodedSize, encodeInput } from './input.ts';
import { parsePlan } from './plan.ts';
import type { Program, Runtime } from './runtime.ts';
import type { InputSpec, Spec } from './spec.ts';

export interface Base {
  readonly manifest: BaseManifest;
  readonly program: Program;
}

export type ServableError =
  VersionError | { readonly kind: 'base-unreadable'; readonly digest: string; readonly detail: string };

/** Loads a base's edge plan, verified against its manifest. */
export async function loadBase(
  store: ObjectStore,
  runtime: Runtime,
  digest: string,
): Promise<Result<Base, ServableError>> {
  const fail = (detail: string) => err({ kind: 'base-unreadable' as const, digest, detail });
  const manifest = await loadJson(store, keys.base(digest, 'manifest.json'), baseManifestSchema);
  if (!manifest.ok) return fail(describeReadError(manifest.error));
  const files: Uint8Array[] = [];
  for (const file of ['edge.json', 'edge.bin'] as const) {
    const key = keys.base(digest, file);
    const bytes = (await store.get(key))?.bytes;
    const damage = describeDamage(key, manifest.value.value.files[file], bytes);
    if (damage !== null || bytes === undefined) return fail(damage ?? key);
    files.push(bytes);
  }
  const program = loadProgram(runtime, files[0] as Uint8Array, files[1] as Uint8Array);
  return program.ok ? ok({ manifest: manifest.value.value, program: program.value }) : fail(program.error);
}

/** Loads a version's head, verified against its manifest. */
export async function loadHead(
  store: ObjectStore,
  runtime: Runtime,
  manifest: Manifest,
): Promise<Result<Program, ServableError>> {
  const json = await loadVersionFile(store, manifest, 'edge.json');
  if (!json.ok) return json;
  const weights = await loadVersionFile(store, manifest, 'edge.bin');
  if (!weights.ok) return weights;
  const program = loadProgram(runtime, json.value, weights.value);
  return program.ok
    ? program
    : err({ kind: 'damaged', version: manifest.version, detail: `edge.json: ${program.error}` });
}

/** An edge plan's two files as a program. */
export function loadProgram(
  runtime: Runtime,
  planJson: Uint8Array,
  weights: Uint8Array,
): Result<Program, string> {
  const json = parseJson(planJson, z.unknown());
  if (!json.ok) return json;
  const plan = parsePlan(json.value);
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

export function createFeatureReader(
  input: InputSpec,
  constants: Constants | null,
  base: Base | null,
): FeatureReader {
  const size = encodedSize(input);
  const encode = (rows: readonly Float32Array[]): Float32Array => {
    const encoded = new Float32Array(rows.length * size);
    for (const [i, raw] of rows.entries()) encodeInput(input, constants, raw, encoded, i * size);
    return encoded;
  };
  if (base === null) return { size, read: encode };
  return {
    size: base.manifest.featureSize,
    read: (rows) => base.program.run(encode(rows), rows.length),
  };
}

export interface Servable {
  readonly manifest: Manifest;
  /**
   * @param rows  raw examples, each [rawSize]
   * @returns probabilities, [rows, labels]; of a regression the target, [rows, 1]
   */
  predict(rows: readonly Float32Array[]): Float32Array;
}

/** Puts preprocessing, base and head together. Disposing of the programs stays the caller's business. */
export function createServable(spec: Spec, manifest: Manifest, base: Base | null, head: Program): Servable {
  const features = createFeatureReader(spec.input, manifest.constants, base);
  return { manifest, predict: (rows) => head.run(features.read(rows), rows.length) };
}
