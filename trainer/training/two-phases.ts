/**
 * Two phases as one training: the head by itself on what the frozen base shows, then the end of the base with it at a
 * lower rate. An untrained head's gradients would undo what a pretrained layer knows (Yosinski et al. 2014,
 * arXiv:1411.1792), so it is trained first.
 */
import * as z from 'zod';
import type { DenseLayer } from '../model/head.ts';
import { type Checkpoint, partsUnder, prefixParts } from './checkpoint.ts';
import type { TrainingHistory } from './training-history.ts';
import type { LoopOptions } from './loop.ts';
import type { HeadTraining, TrainedHead } from './head-training.ts';

type TrainingCallbacks = Pick<LoopOptions, 'onEpoch' | 'onTurn'>;

export interface Phases {
  readonly first: (checkpoint: Checkpoint | undefined) => Promise<HeadTraining>;
  /** @param head  as the first phase leaves it */
  readonly second: (
    head: readonly DenseLayer[],
    callbacks: TrainingCallbacks,
    checkpoint: Checkpoint | undefined,
  ) => Promise<HeadTraining>;
  /** Who hears of both. */
  readonly callbacks: TrainingCallbacks;
}

interface Second {
  readonly training: HeadTraining;
  /** What came of the first, and the checkpoint that it ended with. */
  readonly before: TrainedHead;
  readonly checkpoint: Checkpoint;
}

const phasesSchema = z.object({ first: z.unknown(), second: z.unknown() });

/** @param from  a checkpoint of the same training, to go on from there */
export async function openTwoPhases(phases: Phases, from?: Checkpoint): Promise<HeadTraining> {
  const saved = from === undefined ? null : divide(from);
  const first = await phases.first(saved?.first);
  const goOn = async (checkpoint: Checkpoint | undefined): Promise<Second> => {
    const end = first.checkpoint();
    const before = first.finish();
    first.release();
    const callbacks = countOn(phases.callbacks, before.course.epochs.length);
    return { training: await phases.second(before.layers, callbacks, checkpoint), before, checkpoint: end };
  };
  let second = saved?.second === undefined ? null : await goOn(saved.second);
  const course = (): TrainingHistory =>
    second === null ? first.course() : join(second.before.course, second.training.course());
  return {
    run: async (budget) => {
      if (second !== null) return second.training.run(budget);
      if (await first.run(budget)) second = await goOn(undefined);
      return false;
    },
    course,
    checkpoint: () => unite(second?.checkpoint ?? first.checkpoint(), second?.training.checkpoint()),
    finish: () => {
      if (second === null) throw new Error('the training is in its first phase, not over');
      const { layers, trunk } = second.training.finish();
      return { layers, trunk, course: course(), part: second.before.part };
    },
    release: () => (second === null ? first.release() : second.training.release()),
  };
}

/** Epochs are counted through. */
function countOn({ onEpoch, onTurn }: TrainingCallbacks, done: number): TrainingCallbacks {
  return {
    ...(onEpoch && { onEpoch: (epoch) => onEpoch({ ...epoch, epoch: epoch.epoch + done }) }),
    ...(onTurn && { onTurn: (at) => onTurn({ ...at, epoch: at.epoch + done }) }),
  };
}

function join(first: TrainingHistory, second: TrainingHistory): TrainingHistory {
  const done = first.epochs.length;
  const { epoch, score } = second.best;
  return {
    ...second,
    epochs: [...first.epochs, ...second.epochs.map((own) => ({ ...own, epoch: own.epoch + done }))],
    steps: first.steps + second.steps,
    halvings: first.halvings + second.halvings,
    reference: first.reference,
    best: epoch === 0 ? first.best : { epoch: epoch + done, score },
  };
}

function unite(first: Checkpoint, second: Checkpoint | undefined): Checkpoint {
  const parts = [...prefixParts('first', first), ...(second ? prefixParts('second', second) : [])];
  return {
    state: { first: first.state, second: second?.state ?? null },
    parts: new Map(parts),
  };
}

function divide(united: Checkpoint): { readonly first: Checkpoint; readonly second: Checkpoint | undefined } {
  const { first, second } = phasesSchema.parse(united.state);
  return {
    first: { state: first, parts: partsUnder('first', united) },
    second: second === null ? undefined : { state: second, parts: partsUnder('second', united) },
  };
}
