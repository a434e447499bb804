/**
 * Holdouts wear out, so the decisions that each has served are counted: one small object a decision, kept for good.
 *
 * A decision judges one stretch of time without a gap, from the first judged window to the end of the current one. The
 * stretch is part of the key, so that counting the decisions of years takes a listing and reads nothing.
 */
import { encodeJson } from '../../../shared/registry/json.ts';
import { keys } from '../../../shared/registry/keys.ts';
import type { RunContext } from '../context.ts';

/** `fromMs` inclusive, `toMs` exclusive. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Decision extends Stretch {
  /** `<run>`, or `<run>.retry` */
  readonly run: string;
}

/** Notes that this attempt judges by these windows. Once an attempt, however often it is repeated. */
export async function recordDecision(ctx: RunContext, { fromMs, toMs }: Stretch): Promise<void> {
  const { store, run } = ctx;
  const record = { format: 'holdfast-decision/1', run: run.id, fromMs, toMs, at: ctx.now().toISOString() };
  await store.put(keys.decision(run.model, takerOf(ctx), fromMs, toMs), encodeJson(record), { absent: true });
}

/** A run that tries again decides twice: its second decision has a name of its own. */
function takerOf({ run, first }: RunContext): string {
  return first === undefined ? run.id : `${run.id}.retry`;
}

/** Decisions of all other attempts, those included that are under way. */
export async function listOtherDecisions(ctx: RunContext): Promise<Decision[]> {
  const { store, run } = ctx;
  const prefix = keys.decisionsPrefix(run.model);
  const listed = await store.list(prefix);
  return listed
    .flatMap((key) => parseDecisionKey(key.slice(prefix.length)) ?? [])
    .filter((decision) => decision.run !== takerOf(ctx));
}

/** The decision that a key's last part names, or null when it names none. */
export function parseDecisionKey(name: string): Decision | null {
  const parts = /^([^~]+)~(\d{1,16})-(\d{1,16})\.json$/.exec(name);
  if (parts === null) return null;
  const [, run = '', from, to] = parts;
  return { run, fromMs: Number(from), toMs: Number(to) };
}

/**
 * Decisions that the most used instant of a window has served. Of a window that was merged from others, that is the
 * most of its parts; of one that grew since it was first judged, what its oldest examples have served.
 */
export function countDecisions(window: Stretch, decisions: readonly Stretch[]): number {
  const over = decisions.filter(({ fromMs, toMs }) => fromMs < window.toMs && toMs > window.fromMs);
  // Coverage only rises where a stretch begins, so the most is found at a beginning.
  const beginnings = new Set(over.map(({ fromMs }) => Math.max(fromMs, window.fromMs)));
  let most = 0;
  for (const at of beginnings) {
    most = Math.max(most, over.filter(({ fromMs, toMs }) => fromMs <= at && at < toMs).length);
  }
  return most;
}
