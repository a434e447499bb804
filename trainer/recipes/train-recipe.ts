/**
 * One recipe on one split: trained anew, then scored on both sides of the split as the edge plan that would serve.
 */
import { joinFloats } from '../../shared/bytes.ts';
import { seedFrom } from '../../shared/digest.ts';
import { fitConstants } from '../../shared/model/spec/input.ts';
import { createFeatureReader } from '../../shared/model/run/predictor.ts';
import { createRandom } from '../../shared/random.ts';
import { createBatchHookFor } from '../augment/batch-hook.ts';
import { openProgram } from '../pipeline/features/judged-model.ts';
import { encodeModel } from '../run/candidate-files.ts';
import { initialHead } from '../model/head-layers.ts';
import { initialTrunk, trunkSize } from '../model/trunk-layers.ts';
import { runThroughTrunk } from '../pipeline/features/unfreeze.ts';
import { startTensorflow } from '../training/models/tensorflow.ts';
import { objectiveOf } from '../pipeline/fine-tune/objective.ts';
import { scoreOutputs } from '../pipeline/features/window-forms.ts';
import { weighExamples } from '../training/class-weights.ts';
import { type TrainingBudget, UNLIMITED } from '../training/training-budget.ts';
import { openHeadTraining } from '../training/train-head.ts';
import type { Dataset } from '../training/dataset.ts';
import { drawRandomSplit } from './random-split.ts';
import type { TaskSpec } from '../../shared/model/spec/task.ts';
import type { Identities, RecipeSettings, Score, Subject } from '../run/split-backend.ts';
import type { Runtime } from '../../shared/model/run/runtime.ts';
import type { WasmModules } from '../../shared/model/run/wasm-modules.ts';

/** What recipes are trained and scored with. */
export interface TrainingEngine {
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
  readonly wasm: Pick<WasmModules, 'tfjs'>;
}

/** A recipe's training on a split, which can be left and gone on with. */
export interface RecipeTraining {
  /** @returns whether it is over */
  run(budget: TrainingBudget): Promise<boolean>;
  /** Once it is over. */
  score(): Score;
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

/** @param seed  draws the split: the same for both recipes, so that they are compared on equal terms */
export async function openRecipe(
  subject: Subject,
  { head, network, training }: RecipeSettings,
  { seed, testShare }: { readonly seed: number; readonly testShare: number },
  { kernels, runtime, wasm }: TrainingEngine,
): Promise<RecipeTraining> {
  const { train, test, learnt, watching } = drawSides(subject, training, seed, testShare);
  const encode = createEncoder(subject, learnt);
  const learning = encode(learnt);
  const learned = withCopies(learning, subject, learnt);
  const { task, unfrozen } = subject;
  const objective = objectiveOf(task, learned.labels);
  const data = dataOf(task, objective, training, learned, watching.length === 0 ? null : encode(watching));
  const prepare = createBatchHookFor(
    { ...subject, augmentation: training.augmentation },
    learned.features,
    kernels,
  );
  const random = createRandom(seedFrom(seed, 'training'));
  const wanting = {
    spec: { input: subject.input, ...(network && { network }) },
    ...(unfrozen && { unfrozen }),
  };
  const trunk = unfrozen?.trunk ?? initialTrunk(wanting.spec, random);
  const initial = initialHead(
    { head, ...task },
    trunkSize(wanting, learning.features.length / learnt.length),
    random,
  );
  const opened = await openHeadTraining(data, initial, {
    training,
    task: task.task,
    seed: seedFrom(seed, 'training'),
    dropout: head.map(({ dropout }) => dropout),
    fromChampion: false,
    kernels,
    ...(trunk && {
      trunk: { initial: trunk, tf: await startTensorflow(wasm), unfrozen: unfrozen !== undefined },
    }),
    ...(unfrozen && { first: { data: runThroughTrunk({ runtime }, unfrozen, data) } }),
    ...(prepare ? { prepare } : {}),
  });
  return {
    run: (budget) => opened.run(budget),
    score: () => {
      const { trunk: trained, layers } = opened.finish();
      const files = encodeModel({ trunk: trained, head: objective.finish(layers) });
      const program = openProgram(runtime, files);
      const score = ({ features, labels }: Encoded): number =>
        scoreOutputs(task.task, labels, program.run(features, labels.length));
      try {
        const tested = test.length === 0 ? 0 : score(encode(test));
        return { train: score(learning), test: tested, trained: train.length, tested: test.length };
      } finally {
        program.dispose();
      }
    },
    release: () => opened.release(),
  };
}

/** Positions of examples: of those that are trained on, which are learned from and which watch. */
function drawSides(
  { identities }: Pick<Subject, 'identities'>,
  { validation }: Pick<RecipeSettings['training'], 'validation'>,
  seed: number,
  testShare: number,
) {
  const { train, test } = drawRandomSplit(identities, testShare, seed);
  const watched = drawRandomSplit(pickIdentities(identities, train), validation, seed);
  const inAll = (at: number): number => train[at] as number;
  return { train, test, learnt: watched.train.map(inAll), watching: watched.test.map(inAll) };
}

/** What is learned from and watched, in the objective's terms; classes weighed where the recipe says so. */
function dataOf(
  task: TaskSpec,
  objective: ReturnType<typeof objectiveOf>,
  { classWeights }: Pick<RecipeSettings['training'], 'classWeights'>,
  learned: Encoded,
  watched: Encoded | null,
) {
  const toSet = ({ features, labels }: Encoded): Dataset => ({
    features,
    labels: objective.encode(labels),
  });
  const set = toSet(learned);
  const weights =
    task.task === 'classification' ? weighExamples(set.labels, task.labels, classWeights) : undefined;
  return {
    train: { ...set, ...(weights ? { weights } : {}) },
    watched: watched === null ? [] : [{ id: 'validation', past: false, set: toSet(watched) }],
  };
}

/** From its first step to its score. Parameters as of `openRecipe`. */
export async function trainRecipe(...how: Parameters<typeof openRecipe>): Promise<Score> {
  const training = await openRecipe(...how);
  try {
    while (!(await training.run(UNLIMITED)));
    return training.score();
  } finally {
    training.release();
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
    features: hasBase ? joinFloats(rows(positions)) : reader.read(rows(positions)),
    labels: Float64Array.from(positions, (at) => labels[at] as number),
  });
}

/** Training examples with their augmented copies behind them; what is tested has none. */
function withCopies(
  set: Encoded,
  { copies, size, labels }: Pick<Subject, 'size' | 'labels' | 'copies'>,
  learnt: readonly number[],
): Encoded {
  const times = copies.length / (labels.length * size);
  if (times === 0) return set;
  const rows = Array.from({ length: times }, (_, copy) =>
    learnt.map((at) => copies.subarray((copy * labels.length + at) * size).subarray(0, size)),
  );
  const n = learnt.length;
  return {
    features: joinFloats([set.features, ...rows.flat()]),
    labels: Float64Array.from({ length: (1 + times) * n }, (_, i) => set.labels[i % n] as number),
  };
}
