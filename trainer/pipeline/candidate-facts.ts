/**
 * What the gate's sanity check wants to know of the candidate's files as they are stored.
 */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { CandidateFacts } from '../../shared/continuity/evidence.ts';
import { type DenseLayer, tensorsOf } from '../../shared/model/head.ts';
import type { Spec } from '../../shared/model/spec.ts';
import { registerWasmBackend } from '../../shared/model/tfjs-backend.ts';
import { parseJson } from '../../shared/registry/json.ts';
import type { Judged } from './answer.ts';
import { candidateDigest, encodeHead, type VersionFiles } from './candidate-files.ts';
import type { RunContext } from './context.ts';
import { type Examples, featuresOf } from './features.ts';
import { publishedHead } from './head-layers.ts';

/** How far the exported tfjs files may differ from the edge plan in any probability; of a regression, in parts of the largest output. */
export const EXPORT_TOLERANCE = 1e-5;

/**
 * @param trainedOn  examples that the candidate was trained on
 * @param examples   on which the two forms of the candidate are compared; with none, they do not agree
 */
export async function examineCandidate(
  ctx: RunContext,
  files: VersionFiles,
  candidate: Judged,
  trainedOn: number,
  examples: Examples,
): Promise<CandidateFacts> {
  const { values, size } = featuresOf(ctx, candidate.constants, examples);
  const n = examples.labels.length;
  const layers = exportedLayers(ctx, files, size);
  const difference =
    n === 0
      ? Number.POSITIVE_INFINITY
      : outputDifference(
          ctx.spec,
          candidate.program.run(values, n),
          await predictExported(ctx, files, values, n),
        );
  return {
    digest: candidateDigest(files),
    finite:
      layers?.every((layer) => tensorsOf(layer).every(({ data }) => data.every(Number.isFinite))) ?? false,
    reproduces: layers !== null && sameBytes(encodeHead(layers)['edge.bin'], files['edge.bin']),
    exportAgrees: difference <= EXPORT_TOLERANCE,
    exportDifference: difference,
    trainedOn,
  };
}

/**
 * The layers in the exported files; null when they are not those of the spec's head.
 *
 * @param size  features that the head reads
 */
export function exportedLayers(
  { spec }: RunContext,
  files: Pick<VersionFiles, 'model.json' | 'weights.bin'>,
  size: number,
): DenseLayer[] | null {
  const json = parseJson(files['model.json'], z.unknown());
  return json.ok ? publishedHead(spec, size, json.value, files['weights.bin']) : null;
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
      const x = tf.tensor2d(features, [n, features.length / n]);
      return Float32Array.from((model.predict(x) as tf.Tensor).dataSync());
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

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
