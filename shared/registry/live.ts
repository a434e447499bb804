/**
 * What became of a model's champion since it was promoted, as the last look found it: `models/<m>/live.json`. Whoever
 * shows it reads this one object; the trainer writes it (trainer/live/).
 */
import * as z from '../zod.ts';
import { err, ok, type Result } from '../result.ts';
import { describeReadError, loadJson, type Loaded, type ReadError } from './store/json.ts';
import { keys } from './store/keys.ts';
import type { ObjectStore } from './store/store.ts';

const count = z.int().check(z.minimum(0));
const time = z.iso.datetime();
const versionNumber = z.int().check(z.minimum(1));

/** Sums over examples; those of several parts add up. */
export const liveTotalsSchema = z.object({
  /** what was predicted, labelled or not */
  predictions: count,
  /** of these, labelled */
  labelled: count,
  /** examples with a label: labelled predictions, and whole examples that the champion is asked about afterwards */
  n: count,
  /** right answers */
  right: count,
  /** of numbers: sums of absolute errors, and of their squares */
  error: z.number(),
  squares: z.number(),
  /** the last label that was known when the input came, as an answer */
  lastLabel: z.object({ n: count, right: count, error: z.number() }),
  /** how many labels came within a minute, ten minutes, an hour, six hours, a day, three days, a week, later */
  delays: z.array(count),
});
export type LiveTotals = z.infer<typeof liveTotalsSchema>;

const bucketSchema = z.extend(liveTotalsSchema, { from: time, version: z.nullable(versionNumber) });
export type LiveBucket = z.infer<typeof bucketSchema>;

/** A measure with its interval, of 95 %. */
const figureSchema = z.object({ n: count, value: z.number(), lower: z.number(), upper: z.number() });
export type Figure = z.infer<typeof figureSchema>;

const partSchema = z.object({
  name: z.string(),
  n: count,
  right: count,
  error: z.number(),
  squares: z.number(),
});
/** What is known of one class, or of one value of a feature. */
export type LivePart = z.infer<typeof partSchema>;
const partFigureSchema = z.extend(figureSchema, { name: z.string() });

const rollbackSchema = z.object({
  policy: z.enum(['on', 'tell', 'off']),
  /** the version before it, beside which it is judged; null where there is none, and `why` says so */
  reference: z.nullable(versionNumber),
  why: z.nullable(z.string()),
  /** labels on which both answered, in this life */
  labels: count,
  /** what the reference's answers are worth more, over them; and of what is not settled */
  mean: z.number(),
  wealth: z.number(),
  needed: z.number(),
  progress: z.number(),
  shown: z.boolean(),
  /** from when on, and what was seen since then: only the reference right, only the champion right */
  since: z.nullable(z.object({ from: time, n: count, gains: count, losses: count, mean: z.number() })),
  /** shown, and not acted upon: why */
  held: z.nullable(z.string()),
  heldLooks: count,
  /** where it would go back to */
  best: z.nullable(versionNumber),
  /** when bets began that are not settled, and what is kept of those that are */
  bets: z.array(time),
  settled: z.object({
    bets: count,
    staked: z.number(),
    logs: z.nullable(z.array(z.number())),
    labels: count,
    sinceBet: count,
    sum: z.number(),
  }),
});
export type LiveRollback = z.infer<typeof rollbackSchema>;

const figuresSchema = z.object({
  measure: z.enum(['accuracy', 'mae']),
  /** of this champion, since it was promoted; null without a label */
  life: z.nullable(figureSchema),
  /** of the last seven days, whichever version answered */
  recent: z.nullable(figureSchema),
  /** the last label known as an answer, on the same examples */
  lastLabel: z.nullable(z.number()),
  /** what its gate measured on the window that was current then */
  promise: z.nullable(z.number()),
  predictions: count,
  /** share of the predictions of this life that have their label; null without one */
  coverage: z.nullable(z.number()),
  /** within which half, and nine tenths, of the labels came, in seconds; null beyond a week or without labels */
  delay: z.object({ half: z.nullable(z.number()), most: z.nullable(z.number()) }),
  classes: z.array(partFigureSchema),
  slices: z.array(partFigureSchema),
});
export type LiveFigures = z.infer<typeof figuresSchema>;

export const liveSchema = z.object({
  format: z.literal('holdfast-live/1'),
  model: z.string(),
  lookedAt: time,
  /** the champion, by the move that made it one */
  life: z.object({ sequence: versionNumber, version: versionNumber, since: time }),
  figures: figuresSchema,
  rollback: rollbackSchema,
  /** labels for inputs before this no longer count */
  settledTo: time,
  /** of this life, up to `settledTo` */
  settled: z.object({ totals: liveTotalsSchema, classes: z.array(partSchema), slices: z.array(partSchema) }),
  /** what is not settled by hour and version, and what is by day; ascending */
  hours: z.array(bucketSchema),
  days: z.array(bucketSchema),
  /** which batches of events had been read, as a digest: where it is the same, there is nothing to look at */
  read: z.string(),
  /** examples whose input could not be read */
  unreadable: count,
});
export type Live = z.infer<typeof liveSchema>;

/** What of it people and programs are shown: without what the next look goes on from. */
export const shownLiveSchema = z.object({
  ...z.pick(liveSchema, {
    model: true,
    lookedAt: true,
    life: true,
    figures: true,
    hours: true,
    days: true,
    unreadable: true,
  }).shape,
  rollback: z.pick(rollbackSchema, {
    policy: true,
    reference: true,
    why: true,
    labels: true,
    mean: true,
    progress: true,
    shown: true,
    since: true,
    held: true,
    best: true,
  }),
});
export type ShownLive = z.infer<typeof shownLiveSchema>;

/** Of it what a model's status says. */
export const briefLiveSchema = z.pick(shownLiveSchema, {
  lookedAt: true,
  life: true,
  figures: true,
  rollback: true,
});
export type BriefLive = z.infer<typeof briefLiveSchema>;

export type LiveError =
  | { readonly kind: 'not-looked-at'; readonly detail: string }
  | { readonly kind: 'live-unreadable'; readonly detail: string };

/** The last look; `missing` before the first one. */
export function loadLive(store: ObjectStore, model: string): Promise<Result<Loaded<Live>, ReadError>> {
  return loadJson(store, keys.live(model), liveSchema);
}

/**
 * What the last look found, without what only the next look needs; an error where nobody has looked yet, or the file
 * can't be read.
 */
export async function findLive(store: ObjectStore, model: string): Promise<Result<ShownLive, LiveError>> {
  const read = await loadLive(store, model);
  // A parse leaves out what is not shown.
  if (read.ok) return ok(shownLiveSchema.parse(read.value.value));
  return err(
    read.error.kind === 'missing'
      ? { kind: 'not-looked-at', detail: `nobody has looked at ${model} yet: the trainer does every hour` }
      : { kind: 'live-unreadable', detail: describeReadError(read.error) },
  );
}

/** For a status; null where nobody has looked yet, and where what is there belongs to a former champion. */
export async function findBriefLive(
  store: ObjectStore,
  model: string,
  champion: { readonly sequence: number } | null,
): Promise<Result<BriefLive | null, LiveError>> {
  const live = await findLive(store, model);
  if (!live.ok) return live.error.kind === 'not-looked-at' ? ok(null) : err(live.error);
  const { figures, ...rest } = briefLiveSchema.parse(live.value);
  if (champion?.sequence !== rest.life.sequence) return ok(null);
  return ok({ ...rest, figures: { ...figures, classes: [], slices: [] } });
}
