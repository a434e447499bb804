/**
 * What the gate's sanity check wants to know of the candidate's files as they are stored.
 */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { CandidateFacts } from '../../../shared/continuity/evidence/evidence.ts';
import { loadPlan } from '../../../shared/model/run/predictor.ts';
import { tensorsOf } from '../../model/head.ts';
import type { ModelLayers } from '../../model/trunk.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { registerWasmBackend } from '../../kernels/tfjs/tfjs-backend.ts';
import { parseJson } from '../../../shared/registry/store/json.ts';
import type { JudgedModel } from '../features/judged-model.ts';
import { candidateDigest, encodeModel, type VersionFiles } from '../../run/candidate-files.ts';
import type { RunContext, RunData } from '../../run/context.ts';
import { type Examples, featuresOf } from '../features/features.ts';
import { publishedModel } from '../../model/head-layers.ts';
import { trunkSize, wantedTrunk } from '../../model/trunk-layers.ts';

/** How far the exported tfjs files may differ from the edge plan in any probability; of a regression, in parts of the largest output. */
export const EXPORT_TOLERANCE = 1e-5;
/** The same for a model with a trunk: a dozen layers whose normalisations were folded away add up. */
const WHOLE_TOLERANCE = 1e-4;

/**
 * @param trainedOn  examples that the candidate was trained on
 * @param examples   held out, on which the forms of the candidate are run and compared: the edge plan as it is stored, the
 *   exported layers compiled anew, and the exported files through TensorFlow.js; with none, they do not agree
 */
export async function examineCandidate(
  ctx: RunContext,
  files: VersionFiles,
  candidate: JudgedModel,
  trainedOn: number,
  examples: Examples,
): Promise<CandidateFacts> {
  const { values, size } = featuresOf(ctx, candidate.constants, examples);
  const n = examples.labels.length;
  const model = exportedModel(ctx, files, size);
  const tolerance = model?.trunk ? WHOLE_TOLERANCE : EXPORT_TOLERANCE;
  const stored = n === 0 ? null : candidate.program.run(values, n);
  const difference =
    stored === null
      ? Number.POSITIVE_INFINITY
      : outputDifference(ctx.spec, stored, await predictExported(ctx, files, values, n));
  return {
    digest: candidateDigest(files),
    finite: model !== null && isFinite(model),
    reproduces: stored !== null && model !== null && sameBits(runAnew(ctx, model, values, n), stored),
    exportAgrees: difference <= tolerance,
    exportDifference: difference,
    trainedOn,
  };
}

/**
 * The layers in the exported files; null when they are not those of the spec.
 *
 * @param size  numbers that the model reads
 */
export function exportedModel(
  ctx: RunData,
  files: Pick<VersionFiles, 'model.json' | 'weights.bin'>,
  size: number,
): ModelLayers | null {
  const json = parseJson(files['model.json'], z.unknown());
  if (!json.ok) return null;
  return publishedModel(ctx.spec, wantedTrunk(ctx), trunkSize(ctx, size), json.value, files['weights.bin']);
}

function isFinite({ trunk, head }: ModelLayers): boolean {
  const tensors = [...(trunk?.tensors.values() ?? []), ...head.flatMap(tensorsOf)];
  return tensors.every(({ data }) => data.every(Number.isFinite));
}

/** The exported files' own answer, through tfjs's layers, [n, width of an output]. */
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
      const [input] = model.inputs;
      const shape = (input?.shape ?? []).slice(1) as number[];
      const x = tf.tensor(features, [n, ...shape]);
      const answers = model.predict(x) as tf.Tensor;
      return Float32Array.from(answers.dataSync());
    });
  } finally {
    model.dispose();
  }
}

/**
 * Largest difference of two outputs: of probabilities as it is, of numbers in parts of the largest one, since a target
 * may have any unit.
 */
function outputDifference({ task }: Spec, a: Float32Array, b: Float32Array): number {
  const difference = largestDifference(a, b);
  if (task === 'classification' || difference === 0) return difference;
  return difference / largestDifference(a, new Float32Array(a.length));
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

/** What the exported layers answer, compiled to an edge plan once more; null where that plan does not load. */
function runAnew(
  { runtime }: RunContext,
  model: ModelLayers,
  features: Float32Array,
  n: number,
): Float32Array | null {
  const compiled = encodeModel(model);
  const anew = loadPlan(runtime, compiled['edge.json'], compiled['edge.bin']);
  if (!anew.ok) return null;
  try {
    return anew.value.run(features, n);
  } finally {
    anew.value.dispose();
  }
}

/** The same executor ran both, so that not a bit may differ. */
function sameBits(a: Float32Array | null, b: Float32Array): boolean {
  return a !== null && a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
