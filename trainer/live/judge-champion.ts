/**
 * The champion beside the version before it, on everything labelled since it was promoted: what the test says, and what
 * is kept of it for the next look.
 */
import { NOTHING_SETTLED, testChampion } from '../../shared/continuity/referee/rollback-test.ts';
import { rollbackPolicy } from '../../shared/continuity/policy/policy.ts';
import type { LiveRollback } from '../../shared/registry/live.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import type { Split } from '../pipeline/data/split.ts';
import { valueAnswers } from '../referee/answer-utility.ts';
import type { ReplayedLog } from '../referee/replay-log.ts';
import { type Belief, believe } from './firing.ts';
import type { LookHost, OpenLook } from './open-look.ts';
import {
  between,
  type Compared,
  compareVersions,
  placeBets,
  type SettledLife,
  settleUpTo,
  shareIn,
  stretchesOf,
} from './stretches.ts';

export interface Reference {
  readonly version: number | null;
  /** why there is none */
  readonly why: string | null;
}

export interface Facts {
  /** what the champion's gate measured */
  readonly promise: number | null;
  /** which classes are rare */
  readonly split: Pick<Split, 'heldOutByClass' | 'constant'>;
}

export interface ToJudge {
  /** labelled examples of this life that are not settled, in order of time */
  readonly mine: readonly LabelledExample[];
  readonly replayed: ReplayedLog;
  /** when they begin */
  readonly lifeMs: number;
  /** all before it is settled after this look */
  readonly toMs: number;
  readonly facts: Facts;
  readonly reference: Reference;
}

/** @returns what is written, and what an example is worth beside its neighbours in time */
export async function judgeChampion(
  host: LookHost,
  open: OpenLook,
  given: ToJudge,
): Promise<{ readonly rollback: LiveRollback; readonly worth: number }> {
  const { replayed, lifeMs, facts, reference, toMs } = given;
  const { policy, level } = rollbackPolicy(open.spec.gate);
  if (reference.version === null) return { rollback: noReference(policy, level, reference.why), worth: 1 };
  // Beside another version than before, all is new: what was won against the one says nothing of the other.
  const before = open.same?.rollback.reference === reference.version ? open.same.rollback : null;
  const settled = before === null ? NEW_LIFE : fromFile(before.settled);
  const bets = before?.bets.map((at) => Date.parse(at)) ?? [open.same === null ? lifeMs : open.nowMs];
  const { utilities, margin } = valueAnswers(open.spec, facts.split, replayed.seen);
  const compared = compareVersions(replayed.seen, utilities, reference.version, open.move.to);
  const share = shareIn(compared);
  const stretches = stretchesOf(compared, bets, lifeMs, share);
  const found = testChampion(settled.test, stretches, margin, level);
  const start = found.since === null ? null : (stretches[found.since]?.fromMs ?? null);
  const believed =
    found.shown && start !== null
      ? await believe(host, open, {
          champion: open.move.to,
          reference: reference.version,
          fromMs: start,
          examples: given.mine.filter(({ at }) => at >= start),
          margin,
          level,
          bets: settled.test.bets + bets.filter((at) => at <= start).length,
          heldLooks: before?.heldLooks ?? 0,
          ...facts,
        })
      : null;
  const life = { settledMs: lifeMs, bets };
  const placed = { ...life, bets: placeBets(compared, life, settled, open.nowMs) };
  const after = settleUpTo(settled, compared, placed, { toMs, margin, share });
  const rollback: LiveRollback = {
    policy,
    reference: reference.version,
    why: null,
    ...sumUp(compared, settled),
    wealth: found.wealth,
    needed: found.needed,
    progress: found.progress,
    shown: found.shown,
    since: start === null ? null : { from: toText(start), ...countSince(compared, start) },
    ...whatIsBelieved(believed, before?.heldLooks ?? 0),
    bets: after.bets.map(toText),
    settled: toFile(after.settled),
  };
  return { rollback, worth: share };
}

function toText(ms: number): string {
  return new Date(ms).toISOString();
}

function whatIsBelieved(believed: Belief | null, heldLooks: number) {
  const held = believed?.held ?? null;
  return { held, heldLooks: held === null ? 0 : heldLooks + 1, best: believed?.best ?? null };
}

const NEW_LIFE: SettledLife = { test: NOTHING_SETTLED, labels: 0, sinceBet: 0, sum: 0 };

function fromFile({ bets, staked, logs, ...rest }: LiveRollback['settled']): SettledLife {
  return { test: { bets, staked, logs }, ...rest };
}

function toFile({ test: { bets, staked, logs }, ...rest }: SettledLife): LiveRollback['settled'] {
  return { bets, staked, logs: logs === null ? null : [...logs], ...rest };
}

function sumUp({ differences }: Compared, settled: SettledLife): Pick<LiveRollback, 'labels' | 'mean'> {
  const labels = settled.labels + differences.length;
  const sum = differences.reduce((total, d) => total + d, settled.sum);
  return { labels, mean: labels === 0 ? 0 : sum / labels };
}

function countSince(compared: Compared, fromMs: number) {
  const inside = between(compared, fromMs, Infinity).map((i) => compared.differences[i] as number);
  const n = inside.length;
  return {
    n,
    gains: inside.filter((d) => d > 0).length,
    losses: inside.filter((d) => d < 0).length,
    mean: n === 0 ? 0 : inside.reduce((sum, d) => sum + d, 0) / n,
  };
}

function noReference(policy: LiveRollback['policy'], level: number, why: string | null): LiveRollback {
  return {
    policy,
    reference: null,
    why,
    labels: 0,
    mean: 0,
    wealth: 0,
    needed: Math.log(1 / level),
    progress: 0,
    shown: false,
    since: null,
    held: null,
    heldLooks: 0,
    best: null,
    bets: [],
    settled: toFile(NEW_LIFE),
  };
}
