/**
 * Step 5: the evidence. Champion and candidate answer the same held-out examples, window by window, both as the edge
 * plans that production runs, read back from the store.
 */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { CandidateFacts, Evidence, WindowEvidence } from '../../shared/continuity/evidence.ts';
import type { Program } from '../../shared/model/runtime.ts';
import { loadHead, loadProgram } from '../../shared/model/servable.ts';
import { registerWasmBackend } from '../../shared/model/tfjs-backend.ts';
import { describeReadError, encodeCompactJson, loadJson, parseJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import type { Constants, Manifest } from '../../shared/registry/manifest.ts';
import { loadManifest } from '../../shared/registry/versions.ts';
import { candidateDigest, encodeHead, loadCandidate, type VersionFiles } from './candidate-files.ts';
import { type RunContext, RunFailure, tell } from './context.ts';
import { type Examples, featuresOf, readExamples } from './features.ts';
import { loadTrainingRecord, type TrainingRecord } from './fine-tune.ts';
import { publishedHead } from './head-layers.ts';
import type { Snapshot } from './snapshot-file.ts';
import { loadSplit } from './split.ts';

/** How far the exported tfjs files may differ from the edge plan in any probability. */
export const EXPORT_TOLERANCE = 1e-5;
/** Examples on which the two forms of the candidate are compared. */
const COMPARED_EXAMPLES = 256;

/** A head with the preprocessing it was trained behind. */
interface Judged {
  readonly program: Program;
  readonly constants: Constants | null;
}

export async function evaluate(ctx: RunContext, snapshot: Snapshot): Promise<Evidence> {
  const split = await loadSplit(ctx);
  const training = await loadTrainingRecord(ctx);
  const files = await loadCandidate(ctx);
  const candidate: Judged = { program: openProgram(ctx, files), constants: training.constants };
  const champion = await openChampion(ctx);
  try {
    const windows: WindowEvidence[] = [];
    for (const [i, window] of snapshot.windows.entries()) {
      const held = await readExamples(ctx, snapshot, split.holdout[i] ?? []);
      const current = i === snapshot.windows.length - 1;
      // An empty past window has nothing to say; an empty current one is evidence that is missing.
      if (held.labels.length === 0 && !current) continue;
      windows.push({
        id: window.id,
        kind: current ? 'current' : 'past',
        fromMs: window.fromMs,
        toMs: window.toMs,
        exampleIds: held.ids,
        labels: held.labels,
        candidate: answer(ctx, candidate, held),
        champion: champion === null ? null : answer(ctx, champion, held),
      });
      await tell(ctx, 'evaluate', (i + 1) / snapshot.windows.length, `window ${window.id}`);
    }
    const compared = await readExamples(ctx, snapshot, split.holdout.flat().slice(0, COMPARED_EXAMPLES));
    const evidence: Evidence = {
      classes: ctx.spec.labels,
      windows,
      majority: split.majority,
      candidate: await examine(ctx, files, candidate, training, compared),
      champion: champion && {
        version: champion.manifest.version,
        digest: champion.manifest.files['edge.bin'].sha256,
      },
    };
    await saveEvidence(ctx, evidence);
    return evidence;
  } finally {
    candidate.program.dispose();
    champion?.program.dispose();
  }
}

/** Predicted class ids, [n]. */
function answer(ctx: RunContext, { program, constants }: Judged, examples: Examples): Int32Array {
  const { values } = featuresOf(ctx, constants, examples);
  const n = examples.labels.length;
  return argmaxRows(program.run(values, n), n);
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

function openProgram({ runtime }: RunContext, files: VersionFiles): Program {
  const program = loadProgram(runtime, files['edge.json'], files['edge.bin']);
  if (!program.ok) throw new RunFailure(`the candidate's edge plan: ${program.error}`);
  return program.value;
}

async function openChampion(ctx: RunContext): Promise<(Judged & { readonly manifest: Manifest }) | null> {
  const { run, store, runtime } = ctx;
  if (run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion: ${manifest.error.detail}`);
  const head = await loadHead(store, runtime, manifest.value);
  if (!head.ok) throw new RunFailure(`the champion: ${head.error.detail}`);
  return { program: head.value, constants: manifest.value.constants, manifest: manifest.value };
}

/** What the gate's sanity check wants to know of the files as they are stored. */
async function examine(
  ctx: RunContext,
  files: VersionFiles,
  candidate: Judged,
  training: TrainingRecord,
  examples: Examples,
): Promise<CandidateFacts> {
  const { values, size } = featuresOf(ctx, candidate.constants, examples);
  const n = examples.labels.length;
  const json = parseJson(files['model.json'], z.unknown());
  const layers = json.ok ? publishedHead(ctx.spec, size, json.value, files['weights.bin']) : null;
  const difference =
    n === 0
      ? Number.POSITIVE_INFINITY
      : largestDifference(candidate.program.run(values, n), await predictExported(ctx, files, values, n));
  return {
    digest: candidateDigest(files),
    finite:
      layers?.every(({ kernel, bias }) => [kernel, bias].every(({ data }) => data.every(Number.isFinite))) ??
      false,
    reproduces: layers !== null && sameBytes(encodeHead(layers)['edge.bin'], files['edge.bin']),
    exportAgrees: difference <= EXPORT_TOLERANCE,
    exportDifference: difference,
    trainedOn: training.examples,
  };
}

/** The exported files' own answer, through tfjs's layers. */
async function predictExported(
  ctx: RunContext,
  files: VersionFiles,
  features: Float32Array,
  n: number,
): Promise<Float32Array> {
  await registerWasmBackend(tf, ctx.wasm);
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(files['model.json'])) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: new Uint8Array(files['weights.bin']).buffer,
    }),
  );
  try {
    return tf.tidy(() => {
      const x = tf.tensor2d(features, [n, features.length / n]);
      return Float32Array.from((model.predict(x) as tf.Tensor).dataSync());
    });
  } finally {
    model.dispose();
  }
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [i, value] of a.entries()) {
    const difference = Math.abs(value - (b[i] as number));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const classIds = z.array(z.int().min(0)).transform((ids) => Int32Array.from(ids));

const evidenceSchema = z.object({
  classes: z.array(z.string()),
  windows: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['past', 'current']),
      fromMs: z.number(),
      toMs: z.number(),
      exampleIds: z.array(z.string()),
      labels: classIds,
      candidate: classIds,
      champion: classIds.nullable(),
    }),
  ),
  majority: z.int(),
  candidate: z.object({
    digest: z.string(),
    finite: z.boolean(),
    reproduces: z.boolean(),
    exportAgrees: z.boolean(),
    // JSON has no infinity: null says that the comparison was impossible.
    exportDifference: z
      .number()
      .nullable()
      .transform((value) => value ?? Number.POSITIVE_INFINITY),
    trainedOn: z.int(),
  }),
  champion: z.object({ version: z.int(), digest: z.string() }).nullable(),
});

async function saveEvidence({ store, run }: RunContext, evidence: Evidence): Promise<void> {
  const windows = evidence.windows.map((window) => ({
    ...window,
    labels: [...window.labels],
    candidate: [...window.candidate],
    champion: window.champion && [...window.champion],
  }));
  await store.put(keys.run(run.model, run.id, 'evidence.json'), encodeCompactJson({ ...evidence, windows }));
}

export async function loadEvidence({ store, run }: RunContext): Promise<Evidence> {
  const loaded = await loadJson(
    store,
    keys.run(run.model, run.id, 'evidence.json'),
    evidenceSchema as unknown as z.ZodType<Evidence>,
  );
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}
