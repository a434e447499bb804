/**
 * Before anybody learns from them: do the newest labels mean what labels meant before? Those that seem to have been
 * swapped are kept apart: they neither train nor judge, until the next night, a former champion or a person says that
 * it was the world that changed.
 */
import {
  type Agreement,
  knownClasses,
  type LedgerState,
  NEW_LEDGER,
  noteLabels,
  usualAgreement,
  usualError,
} from '../../shared/continuity/referee/ledger.ts';
import { appendLedger, loadLedger } from '../referee/ledger-file.ts';
import { endQuarantine, saveQuarantine } from '../../shared/registry/quarantine.ts';
import type { Rows } from '../../shared/continuity/labels/neighbours.ts';
import { openVersion, type LoadedVersion } from '../pipeline/features/judged-model.ts';
import { featuresOf, readExamples } from '../pipeline/features/features.ts';
import { loadQuarantines, openQuarantines } from '../pipeline/data/quarantines.ts';
import { RunFailure } from '../run-failure.ts';
import type { RunContext, RunFiles } from '../run/context.ts';
import type { Snapshot } from '../pipeline/data/snapshot-file.ts';
import { basesRead } from '../pipeline/features/unfreeze.ts';
import { findContenders, learnedTo } from '../referee/contenders.ts';
import { type Replayed, replay } from '../referee/replay.ts';
import { describeAgreement, describeFault, describeQuarantined } from './describe.ts';
import { decideLabels } from './decide.ts';
import { agreementOf, type Look, type Usual } from './look.ts';

/** A type, not an interface: a step's result has any keys. */
export type LabelCheck = {
  readonly note: string;
  /** why there is nothing to do tonight; null where there is */
  readonly nothingNew: string | null;
};

/** Looks at what came in since labels were looked at last. */
export async function checkLabels(ctx: RunContext, snapshot: Snapshot): Promise<LabelCheck> {
  const { run } = ctx;
  if (run.championAtStart === null) {
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
  const usual = usualOf(ctx, state, champion);
  const { look, keepApart, repeats, familiar } = await decideLabels(
    ctx.spec,
    seen,
    {
      champion: champion.manifest.version,
      former: former.map(({ manifest }) => manifest.version),
      usual,
      quarantines: await loadQuarantines(ctx),
      checkedToMs: state.checkedToMs,
    },
    (positions) => readRowsAt(ctx, snapshot, seen, champion, positions),
  );
  const toMs = snapshot.windows.at(-1)?.toMs ?? 0;
  const stretch = { fromMs: seen.times[0] as number, toMs };
  if (keepApart) {
    const found = describeQuarantined(ctx, stretch, seen, look, usual);
    await saveQuarantine(ctx.store, ctx.run.model, found);
  }
  for (const each of repeats) {
    const why = 'the next labels say the same: it was the world that changed';
    await endQuarantine(ctx.store, ctx.run.model, each, {
      status: 'released',
      by: `run ${ctx.run.id}`,
      at: ctx.now(),
      why,
    });
  }
  await note(ctx, toMs, keepApart ? null : agreementOf(look), repeats.length > 0);
  return summarize(look, keepApart, repeats.length > 0, familiar);
}

/** What the champion sees in them; null where it reads another base than the run has features of. */
async function readRowsAt(
  ctx: RunContext,
  snapshot: Snapshot,
  { positions }: Replayed,
  { base, constants }: LoadedVersion,
  chosen: readonly number[],
): Promise<Rows | null> {
  if (base !== ctx.base) return null;
  const at = chosen.map((i) => positions[i] as number);
  return featuresOf(ctx, constants, await readExamples(ctx, snapshot, at));
}

/** Of a champion that has not served a night yet: what it was right on when it was judged; null of one that came trained. */
function usualOf({ spec }: RunContext, state: LedgerState, champion: LoadedVersion): Usual {
  return {
    agreement: usualAgreement(state) ?? promised(champion, 'accuracy '),
    known: knownClasses(state),
    error: spec.task === 'regression' ? (usualError(state) ?? promised(champion, 'mae ')) : null,
  };
}

function promised({ manifest: { metrics } }: LoadedVersion, measure: string): number | null {
  const scores = Object.entries(metrics).flatMap(([name, value]) =>
    name.startsWith(measure) ? [value] : [],
  );
  return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function summarize(look: Look, apart: boolean, released: boolean, familiar: number | undefined): LabelCheck {
  const seen = describeAgreement(look);
  if (apart) return keptApart(`${seen}, and ${describeFault(look)}`);
  const known = familiar === undefined ? '' : `; version ${familiar}, a former champion, agrees with them`;
  const again = released ? '; the labels before say the same, and are released' : '';
  return { note: `${seen}${known}${again}`, nothingNew: null };
}

function keptApart(seen: string): LabelCheck {
  const why = `${seen}: they are kept apart`;
  return { note: why, nothingNew: `Nothing new that may be learned from: ${why}` };
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

async function loadState({ store, run }: RunFiles): Promise<LedgerState> {
  const newest = await loadLedger(store, run.model);
  if (!newest.ok) throw new RunFailure(newest.error.detail);
  return newest.value?.state ?? NEW_LEDGER;
}

async function note(
  { store, run, now }: RunContext,
  toMs: number,
  believed: Agreement | null,
  afresh = false,
): Promise<void> {
  const change = { run: run.id, event: 'labels', at: now() };
  const written = await appendLedger(store, run.model, change, (state) =>
    noteLabels(state, toMs, believed, afresh),
  );
  if (!written.ok) throw new RunFailure(written.error.detail);
}
