/**
 * The notice of a move of the champion.
 */
import type { Move } from './alias.ts';
import { keepNotice, type Notice } from '../notices.ts';
import type { ObjectStore } from '../store/store.ts';

/** The notice's id is the move's sequence, so that a move is told of once, however often it is noticed. */
export function describeMove(model: string, move: Move): Notice {
  const { action, sequence, from, to, at, by, reason, forced, run, pause, automatic } = move;
  const before = from === null ? '' : `, after version ${from}`;
  const how = `${forced ? ' against its verdict' : ''}${automatic === true ? ' automatically' : ''}`;
  const paused =
    action === 'rollback' && pause?.since === sequence
      ? '; runs promote nothing until somebody resumes promotion'
      : '';
  const text =
    action === 'promote'
      ? `${model}: version ${to} was promoted${how} by ${by}${before}: ${reason}`
      : `${model}: version ${from} was rolled back${how} to version ${to} by ${by}: ${reason}${paused}`;
  const kind = action === 'promote' ? 'promoted' : 'rolled-back';
  return {
    format: 'holdfast-notice/1',
    id: `${model}-move-${sequence}`,
    model,
    kind,
    at,
    text,
    version: to,
    run,
  };
}

/** Who has moved the champion tells of it. What this misses, the trainer's next look at the models finds in the alias. */
export async function noticeMove(store: ObjectStore, model: string, move: Move): Promise<void> {
  await keepNotice(store, describeMove(model, move));
  const { resumed, sequence, to } = move;
  if (resumed === undefined) return;
  const { by, at, reason } = resumed;
  await keepNotice(store, {
    format: 'holdfast-notice/1',
    id: `${model}-resumed-${sequence}`,
    model,
    kind: 'promotion-resumed',
    at,
    text: `${model}: ${by} lets runs promote again: ${reason}`,
    version: to,
    run: null,
  });
}
