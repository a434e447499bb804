/**
 * Before anybody learns from them: do the newest labels mean what labels meant before? Those that seem to have been
 * swapped are kept apart: they neither train nor judge, until the next night, a former champion or a person says that
 * it was the world that changed.
 */
import type { Agreement, LedgerState } from '../../shared/continuity/referee/ledger.ts';
import { noteLabels, usualAgreement } from '../../shared/continuity/referee/ledger.ts';
import {
  findRelabelling,
  type LabelFinding,
  sameRenaming,
} from '../../shared/continuity/labels/relabelling.ts';
import { NEW_LEDGER } from '../../shared/continuity/referee/ledger.ts';
import { appendLedger, loadLedger } from '../referee/ledger-file.ts';
import {
  endQuarantine,
  listQuarantines,
  type Quarantine,
  saveQuarantine,
} from '../../shared/registry/quarantine.ts';
import { openVersion, type LoadedVersion } from '../pipeline/features/judged-model.ts';
import { type RunContext, RunFailure } from '../run/context.ts';
import type { Snapshot } from '../pipeline/data/snapshot-file.ts';
import { basesRead } from '../pipeline/features/unfreeze.ts';
import type { TimeRange } from '../pipeline/data/time-range.ts';
import { findContenders, learnedTo } from '../referee/contenders.ts';
import { type Replayed, replay } from '../referee/replay.ts';

/** A type, not an interface: a step's result has any keys. */
export type LabelCheck = {
  readonly note: string;
  /** why there is nothing to do tonight; null where there is */
  readonly nothingNew: string | null;
};

/** A former champion that is right about as often as what served usually was, knows these labels: the past came back. */
const FAMILIAR = 0.1;
const SAMPLE = 20;

/** Looks at what came in since labels were looked at last. Of a regression nothing is asked. */
export async function checkLabels(ctx: RunContext, snapshot: Snapshot): Promise<LabelCheck> {
  const { run, spec } = ctx;
  if (run.championAtStart === null || spec.task !== 'classification') {
    return { note: 'no champion yet that could contradict them', nothingNew: null };
  }
  const known = (await openQuarantines(ctx)).find((each) => each.run === run.id);
  if (known !== undefined) await note(ctx, known.toMs, null);
  if (known !== undefined) return keptApart(known.reason);
  const champion = await openVersion(ctx, run.championAtStart, ctx.runtime);
  const former = await openFormer(ctx, run.championAtStart);
  try {
    const state = await loadState(ctx);
    const fromMs = Math.max(state.checkedToMs, await learnedTo(ctx, champion.manifest));
    const seen = await replay(
      ctx,
      snapshot,
      [champion, ...former].map((version) => ({
        number: version.manifest.version,
        judged: version,
        fromMs,
      })),
      [],
    );
    if (seen.labels.length === 0) return { note: 'no new labels', nothingNew: null };
    return await judgeLabels(ctx, snapshot, state, seen, champion, former);
  } finally {
    for (const { program } of [champion, ...former]) program.dispose();
  }
}

async function judgeLabels(
  ctx: RunContext,
  snapshot: Snapshot,
  state: LedgerState,
  seen: Replayed,
  champion: LoadedVersion,
  former: readonly LoadedVersion[],
): Promise<LabelCheck> {
  const usual = usualAgreement(state) ?? promised(champion);
  const finding = findingOf(ctx, seen, champion, usual);
  const toMs = snapshot.windows.at(-1)?.toMs ?? 0;
  const range = { fromMs: seen.times[0] as number, toMs };
  const by = `run ${ctx.run.id}`;
  const repeats = (await loadQuarantines(ctx)).filter(
    (before) =>
      finding.suspicious &&
      // A run that was interrupted finds what it released itself.
      (before.status === 'held' || (before.status === 'released' && before.ended?.by === by)) &&
      // Only the labels right before these: a fault that comes again after clean nights is a fault again.
      before.toMs === state.checkedToMs &&
      sameRenaming(before.renamings, finding.renamings),
  );
  const familiar = finding.suspicious ? former.find((each) => knows(ctx, seen, each, usual)) : undefined;
  const keepApart = finding.suspicious && repeats.length === 0 && familiar === undefined;
  if (keepApart) await saveQuarantine(ctx.store, ctx.run.model, describe(ctx, range, finding, usual ?? 0));
  for (const each of repeats) {
    const why = 'the next labels say the same: it was the world that changed';
    await endQuarantine(ctx.store, ctx.run.model, each, {
      status: 'released',
      by,
      at: ctx.now(),
      why,
    });
  }
  const believed: Agreement | null = keepApart
    ? null
    : { n: finding.n, right: Math.round(finding.agreement * finding.n) };
  await note(ctx, toMs, believed, repeats.length > 0);
  return summarize(finding, keepApart, repeats.length > 0, familiar?.manifest.version);
}

function findingOf(
  { spec }: RunContext,
  seen: Replayed,
  { manifest }: LoadedVersion,
  usual: number | null,
): LabelFinding {
  const { labels, answers, groups, contents } = seen;
  const given = { labels, answers: answers.get(manifest.version) ?? [], contents, ...(groups && { groups }) };
  return findRelabelling(given, spec.task === 'classification' ? spec.labels.length : 1, usual);
}

/** Of a champion that has not served a night yet: what it was right on when it was judged; null of one that came trained. */
function promised({ manifest: { metrics } }: LoadedVersion): number | null {
  const scores = Object.entries(metrics).flatMap(([name, value]) =>
    name.startsWith('accuracy ') ? [value] : [],
  );
  return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function knows(ctx: RunContext, seen: Replayed, version: LoadedVersion, usual: number | null): boolean {
  return usual !== null && findingOf(ctx, seen, version, null).agreement >= usual - FAMILIAR;
}

function summarize(
  { n, agreement, renamings }: LabelFinding,
  apart: boolean,
  released: boolean,
  familiar: number | undefined,
): LabelCheck {
  const percent = `${(100 * agreement).toFixed(1)} % of ${n} new labels agree with what served`;
  if (apart) return keptApart(`${percent}, and ${renamings.length} classes seem to have changed places`);
  const known = familiar === undefined ? '' : `; version ${familiar}, a former champion, agrees with them`;
  const again = released ? '; the labels before say the same, and are released' : '';
  return { note: `${percent}${known}${again}`, nothingNew: null };
}

function keptApart(seen: string): LabelCheck {
  const why = `${seen}: they are kept apart`;
  return { note: why, nothingNew: `Nothing new that may be learned from: ${why}` };
}

function describe(
  { run, spec, now }: RunContext,
  { fromMs, toMs }: TimeRange,
  { n, agreement, renamings }: LabelFinding,
  usual: number,
): Quarantine {
  const labels = spec.task === 'classification' ? spec.labels : [];
  const [most] = renamings;
  const example =
    most === undefined
      ? ''
      : `: of ${most.answered} examples that look like '${labels[most.from]}', ${most.labelled} are labelled '${labels[most.to]}'`;
  return {
    format: 'holdfast-quarantine/1',
    fromMs,
    toMs,
    status: 'held',
    run: run.id,
    at: now().toISOString(),
    reason: `${(100 * agreement).toFixed(1)} % of ${n} labels agree with what served, where ${(100 * usual).toFixed(1)} % did before${example}`,
    examples: n,
    agreement,
    usual,
    renamings: renamings.slice(0, SAMPLE),
    sample: [],
    ended: null,
  };
}

/** Stretches that neither train nor judge, as things stand. */
export async function openQuarantines(ctx: Pick<RunContext, 'store' | 'run'>): Promise<Quarantine[]> {
  return (await loadQuarantines(ctx)).filter(({ status }) => status !== 'released');
}

async function loadQuarantines({ store, run }: Pick<RunContext, 'store' | 'run'>): Promise<Quarantine[]> {
  const all = await listQuarantines(store, run.model);
  if (!all.ok) throw new RunFailure(all.error.detail);
  return all.value;
}

async function openFormer(ctx: RunContext, champion: number): Promise<LoadedVersion[]> {
  const bases = await basesRead(ctx);
  const contenders = (await findContenders(ctx, champion)).filter(({ kind }) => kind === 'former champion');
  const opened: LoadedVersion[] = [];
  for (const { version } of contenders) {
    const former = await openVersion(ctx, version, ctx.runtime).catch(() => null);
    if (former === null) continue;
    if (bases.includes(former.manifest.base)) opened.push(former);
    else former.program.dispose();
  }
  return opened;
}

async function loadState({ store, run }: RunContext): Promise<LedgerState> {
  const newest = await loadLedger(store, run.model);
  if (!newest.ok) throw new RunFailure(newest.error.detail);
  return newest.value?.state ?? NEW_LEDGER;
}

/** @param afresh  whether what was usual before no longer is: labels mean something else for good */
async function note(
  { store, run, now }: RunContext,
  toMs: number,
  believed: Agreement | null,
  afresh = false,
): Promise<void> {
  const change = { run: run.id, event: 'labels', at: now() };
  const written = await appendLedger(store, run.model, change, (state) =>
    noteLabels(state, toMs, believed, afresh ? [] : state.agreements),
  );
  if (!written.ok) throw new RunFailure(written.error.detail);
}
