/**
 * A head that is judged, and what it answers: run as the edge plan that production runs, read back from the store.
 */
import type { Runtime } from '../../../shared/model/run/runtime.ts';
import type { Program } from '../../../shared/model/run/program.ts';
import { loadPlan } from '../../../shared/model/run/predictor.ts';
import { loadHead } from '../../../shared/model/run/servable.ts';
import { widenRows } from '../../../shared/bytes.ts';
import { outputWidth } from '../../../shared/model/spec/task.ts';
import type { Constants, Manifest } from '../../../shared/registry/versions/manifest.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import type { VersionFiles } from '../../run/candidate-files.ts';
import { readingBase, type RunData, type RunFiles } from '../../run/context.ts';
import { type Examples, featuresOf, readAgain } from './features.ts';
import { RunFailure } from '../../run-failure.ts';

/** A head with the preprocessing it was trained behind. Whoever opens it disposes of its program. */
export interface JudgedModel {
  readonly program: Program;
  readonly constants: Constants | null;
  /** Digest of what it reads; null for the input itself. */
  readonly base: string | null;
}

/** A version, published. */
export interface LoadedVersion extends JudgedModel {
  readonly manifest: Manifest;
}

/** @returns probabilities, [n, labels], 0 for labels that the version is older than; of a regression the predicted numbers, [n, 1] */
export async function predict(ctx: RunData, judged: JudgedModel, examples: Examples): Promise<Float32Array> {
  const { program } = judged;
  const outputs = program.run((await inputOf(ctx, judged, examples)).values, examples.labels.length);
  return widenRows(outputs, program.outputSize, outputWidth(ctx.spec));
}

/** What a head reads of examples: encoded rows, or features of its own base, [n, size]. */
export async function inputOf(
  ctx: RunData,
  { constants, base }: Pick<JudgedModel, 'constants' | 'base'>,
  examples: Examples,
): Promise<Pick<Examples, 'values' | 'size'>> {
  const reading = readingBase(ctx, base);
  const own = base === ctx.base ? examples : await readAgain(reading, examples);
  return featuresOf(reading, constants, own);
}

/** Class with the largest probability in each row; the first of equals. @param probabilities [n, classes] */
export function argmaxRows(probabilities: Float32Array, n: number): Int32Array {
  const classes = n === 0 ? 0 : probabilities.length / n;
  const best = new Int32Array(n);
  for (let row = 0; row < n; row++) {
    for (let c = 1; c < classes; c++) {
      const value = probabilities[row * classes + c] as number;
      if (value > (probabilities[row * classes + (best[row] as number)] as number)) best[row] = c;
    }
  }
  return best;
}

/**
 * Loads a version's plan; whoever opened it disposes of it. Throws a RunFailure where the executor refuses it.
 *
 * @param what  whose plan it is, for the message
 */
export function openProgram(
  runtime: Runtime,
  files: Pick<VersionFiles, 'edge.json' | 'edge.bin'>,
  what = "the candidate's edge plan",
): Program {
  const program = loadPlan(runtime, files['edge.json'], files['edge.bin']);
  if (!program.ok) throw new RunFailure(`${what}: ${program.error}`);
  return program.value;
}

/**
 * The champion at the run's start, verified; null when there was none.
 *
 * @param runtime  the one to load it into
 */
export async function openChampion(ctx: RunData, runtime: Runtime): Promise<LoadedVersion | null> {
  const { championAtStart } = ctx.run;
  return championAtStart === null ? null : openVersion(ctx, championAtStart, runtime);
}

/** A published version, verified; a missing or damaged one fails the run by name. */
export async function openVersion(
  { run, store }: RunFiles,
  version: number,
  runtime: Runtime,
): Promise<LoadedVersion> {
  const manifest = await loadManifest(store, run.model, version);
  if (!manifest.ok) throw new RunFailure(manifest.error.detail);
  const head = await loadHead(store, runtime, manifest.value);
  if (!head.ok) throw new RunFailure(`version ${version}: ${head.error.detail}`);
  const { constants, base } = manifest.value;
  return { program: head.value, constants, base, manifest: manifest.value };
}
