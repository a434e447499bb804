/**
 * One recipe on one split: trained anew, then scored on both sides of the split as the edge plan that would serve.
 */
import { seedFrom } from '../../shared/digest.ts';
import { fitConstants } from '../../shared/model/input.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { createFeatureReader } from '../../shared/model/predictor.ts';
import type { InputSpec } from '../../shared/model/spec.ts';
import type { TaskSpec } from '../../shared/model/task.ts';
import type { WasmModules } from '../../shared/model/wasm-modules.ts';
import { createRandom } from '../../shared/random.ts';
import { openProgram } from '../pipeline/answer.ts';
import { encodeModel } from '../pipeline/candidate-files.ts';
import { initialHead } from '../pipeline/head-layers.ts';
import { initialTrunk, trunkSize } from '../pipeline/trunk-layers.ts';
import { startTensorflow } from '../training/tensorflow.ts';
import { objectiveOf } from '../pipeline/objective.ts';
import { scoreOutputs } from '../pipeline/window-forms.ts';
import { weighExamples } from '../training/class-weights.ts';
import { trainHead } from '../training/train-head.ts';
import type { TrainingSet } from '../training/training-set.ts';
import { drawRandomSplit, type Identities } from './random-split.ts';
import type { Recipe } from './recipe.ts';

export interface Subject {
  readonly input: InputSpec;
  readonly task: TaskSpec;
  /** features where there is a base, raw inputs where there is none, [n, size] */
  readonly values: Float32Array;
  readonly size: number;
  readonly hasBase: boolean;
  /** class ids, or targets, [n] */
  readonly labels: Float64Array;
  readonly identities: Identities;
}

export interface Score {
  /** accuracy, or mean absolute error, on the examples that were trained on, and on those held back */
  readonly train: number;
  readonly test: number;
  /** how many they were */
  readonly trained: number;
  readonly tested: number;
}

/** What a thread trains and scores with. */
export interface Engines {
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
  readonly wasm: Pick<WasmModules, 'tfjs'>;
}

/** @param seed  draws the split: the same for both recipes, so that they are compared on equal terms */
export async function trainRecipe(
  subject: Subject,
  { head, network, training }: Pick<Recipe, 'head' | 'network' | 'training'>,
  { seed, testShare }: { readonly seed: number; readonly testShare: number },
  { kernels, runtime, wasm }: Engines,
): Promise<Score> {
  const { train, test } = drawRandomSplit(subject.identities, testShare, seed);
  const watched = drawRandomSplit(pickIdentities(subject.identities, train), training.validation, seed);
  const learnt = watched.train.map((at) => train[at] as number);
  const watching = watched.test.map((at) => train[at] as number);
  const encode = createEncoder(subject, learnt);
  const trainingSeed = seedFrom(seed, 'training');
  const learning = encode(learnt);
  const size = learning.features.length / learnt.length;
  const { task } = subject;
  const objective = objectiveOf(task, learning.labels);
  const toSet = ({ features, labels }: Encoded): TrainingSet => ({
    features,
    labels: objective.encode(labels),
  });
  const set = toSet(learning);
  const weights =
    task.task === 'classification'
      ? weighExamples(set.labels, task.labels, training.classWeights)
      : undefined;
  const data = {
    train: { ...set, ...(weights ? { weights } : {}) },
    watched: watching.length === 0 ? [] : [{ id: 'validation', past: false, set: toSet(encode(watching)) }],
  };
  const random = createRandom(trainingSeed);
  const networked = { input: subject.input, ...(network && { network }) };
  const trunk = initialTrunk(networked, random);
  const initial = initialHead({ head, ...task }, trunkSize(networked, size), random);
  const trained = await trainHead(data, initial, {
    training,
    task: task.task,
    seed: trainingSeed,
    dropout: head.map(({ dropout }) => dropout),
    fromChampion: false,
    kernels,
    ...(trunk && { trunk: { initial: trunk, tf: await startTensorflow(wasm), keepsStatistics: false } }),
  });
  const program = openProgram(
    runtime,
    encodeModel({ trunk: trained.trunk, head: objective.finish(trained.layers) }),
  );
  const score = ({ features, labels }: Encoded): number =>
    scoreOutputs(task.task, labels, program.run(features, labels.length));
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

/** Examples as a head reads them. */
interface Encoded {
  /** [n, size] */
  readonly features: Float32Array;
  /** class ids, or targets, [n] */
  readonly labels: Float64Array;
}

/** What a head reads of the examples at some positions; preprocessing is fitted to the training examples alone. */
function createEncoder(
  { input, values, size, hasBase, labels }: Subject,
  learnt: readonly number[],
): (positions: readonly number[]) => Encoded {
  const rows = (positions: readonly number[]): Float32Array[] =>
    positions.map((at) => values.subarray(at * size, (at + 1) * size));
  const constants = hasBase ? null : fitConstants(input, rows(learnt));
  const reader = createFeatureReader(input, constants, null);
  return (positions) => ({
    features: hasBase ? concatenate(rows(positions), size) : reader.read(rows(positions)),
    labels: Float64Array.from(positions, (at) => labels[at] as number),
  });
}

function concatenate(rows: readonly Float32Array[], size: number): Float32Array {
  const all = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) all.set(row, i * size);
  return all;
}
