/**
 * The notice of how a run ended. A promotion is told of by its move; a night without anything new is no news.
 */
import { keepNotice, type Notice } from '../../shared/registry/notices.ts';
import { describeQuarantine, listQuarantines } from '../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

/** Of a run that failed, was held or was refused; null where there is nothing to tell. */
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

/**
 * Keeps the notice of a run that has ended, or of labels that it kept apart; the same run a second time writes the
 * same one.
 */
export async function noticeRun(store: ObjectStore, run: RunRecord): Promise<void> {
  const notice = describeRunEnd(run) ?? (await describeApart(store, run));
  if (notice !== null) await keepNotice(store, notice);
}

/** A run that kept labels apart waits for a person's word, or for the next night. */
async function describeApart(store: ObjectStore, run: RunRecord): Promise<Notice | null> {
  if (run.status !== 'skipped') return null;
  const { model, id } = run;
  const all = await listQuarantines(store, model);
  const found = all.ok ? all.value.find((each) => each.run === id && each.status === 'held') : undefined;
  if (found === undefined) return null;
  return {
    format: 'holdfast-notice/1',
    id: `${model}-labels-apart-${id}`,
    model,
    kind: 'labels-apart',
    at: found.at,
    text: `${model}: ${describeQuarantine(model, found)}`,
    version: null,
    run: id,
  };
}
