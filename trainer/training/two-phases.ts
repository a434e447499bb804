/**
 * Two phases as one training: the head by itself on what the frozen base shows, then the end of the base with it at a
 * lower rate. An untrained head's gradients would undo what a pretrained layer knows (Yosinski et al. 2014,
 * arXiv:1411.1792), so it is trained first.
 */
import type { DenseLayer } from '../../shared/model/head.ts';
import { openCheckpoint, sealCheckpoint } from './checkpoint.ts';
import type { Course, Epoch } from './course.ts';
import { RunFailure } from '../pipeline/context.ts';
import type { HeadTraining, TrainedHead } from './train-head.ts';

type OnEpoch = (epoch: Epoch) => Promise<void>;

export interface Phases {
  readonly first: (checkpoint: Uint8Array | undefined) => HeadTraining;
  /** @param head  as the first phase leaves it */
  readonly second: (
    head: readonly DenseLayer[],
    onEpoch: OnEpoch | undefined,
    checkpoint: Uint8Array | undefined,
  ) => HeadTraining;
  readonly onEpoch: OnEpoch | undefined;
}

interface Second {
  readonly training: HeadTraining;
  /** What came of the first, and the checkpoint that it ended with. */
  readonly before: TrainedHead;
  readonly checkpoint: Uint8Array;
}

/** @param from  a checkpoint of the same training, to go on from there */
export function openTwoPhases(phases: Phases, from?: Uint8Array): HeadTraining {
  const saved = from === undefined ? null : unpack(from);
  const first = phases.first(saved?.first);
  const goOn = (checkpoint: Uint8Array | undefined): Second => {
    const end = first.checkpoint();
    const before = first.finish();
    first.release();
    const done = before.course.epochs.length;
    const { onEpoch } = phases;
    const shifted = onEpoch && ((epoch: Epoch) => onEpoch({ ...epoch, epoch: epoch.epoch + done }));
    return { training: phases.second(before.layers, shifted, checkpoint), before, checkpoint: end };
  };
  let second = saved?.second == null ? null : goOn(saved.second);
  const course = (): Course =>
    second === null ? first.course() : join(second.before.course, second.training.course());
  return {
    run: async (epochs) => {
      if (second !== null) return second.training.run(epochs);
      if (await first.run(epochs)) second = goOn(undefined);
      return false;
    },
    course,
    checkpoint: () =>
      sealCheckpoint({
        course: course(),
        state: pack(second?.checkpoint ?? first.checkpoint(), second?.training.checkpoint() ?? null),
        best: new Float32Array(),
      }),
    finish: () => {
      second ??= goOn(undefined);
      const { layers, trunk } = second.training.finish();
      return { layers, trunk, course: course(), part: second.before.part };
    },
    release: () => (second === null ? first.release() : second.training.release()),
  };
}

/** Epochs are counted through. */
function join(first: Course, second: Course): Course {
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

const LENGTH_BYTES = 4;

function pack(first: Uint8Array, second: Uint8Array | null): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + first.length + (second?.length ?? 0));
  new DataView(bytes.buffer).setUint32(0, first.length, true);
  bytes.set(first, LENGTH_BYTES);
  bytes.set(second ?? [], LENGTH_BYTES + first.length);
  return bytes;
}

function unpack(sealed: Uint8Array): { readonly first: Uint8Array; readonly second: Uint8Array | null } {
  const checkpoint = openCheckpoint(sealed);
  if (checkpoint === null) throw new RunFailure('the checkpoint was truncated or altered');
  const { state } = checkpoint;
  const end = LENGTH_BYTES + new DataView(state.buffer, state.byteOffset).getUint32(0, true);
  const second = state.subarray(end);
  return { first: state.subarray(LENGTH_BYTES, end), second: second.length === 0 ? null : second };
}
