/**
 * The notice of how a run ended. A promotion is told of by its move; a night without anything new is no news.
 */
import { keepNotice, type Notice } from '../../shared/registry/notices.ts';
import type { RunRecord } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';

export function describeRunEnd(run: RunRecord): Notice | null {
  const found = findNews(run);
  if (found === null) return null;
  const { kind, text } = found;
  const { model, id, candidate, finishedAt, startedAt } = run;
  const notice = { format: 'holdfast-notice/1', model, kind, text: `${model}: ${text}` } as const;
  return {
    ...notice,
    id: `${model}-${kind}-${id}`,
    at: finishedAt ?? startedAt,
    version: candidate,
    run: id,
  };
}

function findNews({ status, verdict, promoted, id, error, summary, candidate }: RunRecord) {
  const said = summary ?? 'no reason recorded';
  if (status === 'failed') return { kind: 'run-failed', text: `run ${id} failed: ${error ?? said}` } as const;
  if (status !== 'complete' || promoted) return null;
  switch (verdict) {
    case 'hold':
      return { kind: 'run-held', text: `version ${candidate} was held: ${said}` } as const;
    case 'reject':
      return { kind: 'run-refused', text: `version ${candidate} was refused: ${said}` } as const;
    case 'promote':
      return {
        kind: 'run-waiting',
        text: `version ${candidate} passed and waits for a person: ${said}`,
      } as const;
    case null:
      return null;
  }
}

export async function noticeRun(store: ObjectStore, run: RunRecord): Promise<void> {
  const notice = describeRunEnd(run);
  if (notice !== null) await keepNotice(store, notice);
}
