/**
 * One recipe on one split: trained anew, then scored on both sides of the split as the edge plan that would serve.
 */
import { seedFrom } from '../../shared/digest.ts';
import { accuracy } from '../../shared/continuity/metrics.ts';
import { fitConstants } from '../../shared/model/input.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { createFeatureReader } from '../../shared/model/servable.ts';
import type { InputSpec } from '../../shared/model/spec.ts';
import { createRandom } from '../../shared/random.ts';
import { createBatchHook } from '../augment/batch-hook.ts';
import { argmaxRows, openProgram } from '../pipeline/answer.ts';
import { encodeHead } from '../pipeline/candidate-files.ts';
import { initialHead } from '../pipeline/head-layers.ts';
import { weighExamples } from '../training/class-weights.ts';
import { trainHead } from '../training/train-head.ts';
import type { TrainingSet } from '../training/training-set.ts';
import { drawRandomSplit, type Identities } from './random-split.ts';
import type { Recipe } from './recipe.ts';

export interface Subject {
  readonly input: InputSpec;
  readonly labels: readonly string[];
  /** features where there is a base, raw inputs where there is none, [n, size] */
  readonly values: Float32Array;
  readonly size: number;
  readonly hasBase: boolean;
  /** class ids, [n] */
  readonly classes: Int32Array;
  readonly identities: Identities;
}

export interface Score {
  /** accuracy on the examples that were trained on, and on those held back */
  readonly train: number;
  readonly test: number;
  /** how many they were */
  readonly trained: number;
  readonly tested: number;
}

/** @param seed  draws the split: the same for both recipes, so that they are compared on equal terms */
export async function trainRecipe(
  subject: Subject & { readonly copies: Float32Array },
  { head, training }: Pick<Recipe, 'head' | 'training'>,
  { seed, testShare }: { readonly seed: number; readonly testShare: number },
  { kernels, runtime }: { readonly kernels: WebAssembly.Module; readonly runtime: Runtime },
): Promise<Score> {
  const { train, test } = drawRandomSplit(subject.identities, testShare, seed);
  const watched = drawRandomSplit(pickIdentities(subject.identities, train), training.validation, seed);
  const learnt = watched.train.map((at) => train[at] as number);
  const watching = watched.test.map((at) => train[at] as number);
  const encode = createEncoder(subject, learnt);
  const trainingSeed = seedFrom(seed, 'training');
  const learning = encode(learnt);
  const learned = withCopies(learning, subject, learnt);
  const size = learning.features.length / learnt.length;
  const spec = { head, labels: [...subject.labels] };
  const weights = weighExamples(learned.labels, subject.labels, training.classWeights);
  const prepare = createBatchHook(
    { ...subject, augmentation: training.augmentation },
    learned.features,
    kernels,
  );
  const data = {
    train: { ...learned, ...(weights ? { weights } : {}) },
    watched: watching.length === 0 ? [] : [{ id: 'validation', past: false, set: encode(watching) }],
  };
  const { layers } = await trainHead(data, initialHead(spec, size, createRandom(trainingSeed)), {
    training,
    task: 'classification',
    seed: trainingSeed,
    dropout: head.map(({ dropout }) => dropout),
    fromChampion: false,
    kernels,
    ...(prepare ? { prepare } : {}),
  });
  const program = openProgram(runtime, encodeHead(layers));
  const score = ({ features, labels }: Encoded): number =>
    accuracy(labels, argmaxRows(program.run(features, labels.length), labels.length));
  try {
    const tested = test.length === 0 ? 0 : score(encode(test));
    return { train: score(learning), test: tested, trained: train.length, tested: test.length };
  } finally {
    program.dispose();
  }
}

function pickIdentities({ units, contents }: Identities, positions: readonly number[]): Identities {
  return {
    units: positions.map((at) => units[at] as number),
    contents: positions.map((at) => contents[at] as number),
  };
}

type Encoded = TrainingSet & { readonly labels: Int32Array };

/** What a head reads of the examples at some positions; preprocessing is fitted to the training examples alone. */
function createEncoder(
  { input, values, size, hasBase, classes }: Subject,
  learnt: readonly number[],
): (positions: readonly number[]) => Encoded {
  const rows = (positions: readonly number[]): Float32Array[] =>
    positions.map((at) => values.subarray(at * size, (at + 1) * size));
  const constants = hasBase ? null : fitConstants(input, rows(learnt));
  const reader = createFeatureReader(input, constants, null);
  return (positions) => ({
    features: hasBase ? concatenate(rows(positions)) : reader.read(rows(positions)),
    labels: Int32Array.from(positions, (at) => classes[at] as number),
  });
}

/** Training examples with their augmented copies behind them; what is tested has none. */
function withCopies(
  set: Encoded,
  { copies, size, classes }: Pick<Subject, 'size' | 'classes'> & { readonly copies: Float32Array },
  learnt: readonly number[],
): Encoded {
  const times = copies.length / (classes.length * size);
  if (times === 0) return set;
  const rows = Array.from({ length: times }, (_, copy) =>
    learnt.map((at) => copies.subarray((copy * classes.length + at) * size).subarray(0, size)),
  );
  return {
    features: concatenate([set.features, ...rows.flat()]),
    labels: Int32Array.from(
      { length: (1 + times) * learnt.length },
      (_, i) => set.labels[i % learnt.length] as number,
    ),
  };
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
