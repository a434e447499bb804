/**
 * Whether the labels by which a contender is judged are a selection of what came in, and what is decided where the plain
 * comparison and the weighted one say something else.
 */
import type { Compared } from './pair.ts';
import * as z from 'zod';
import type { Judgement } from '../../shared/continuity/referee/challenger-comparison.ts';
import {
  fitPropensity,
  type Propensity,
  type Stratum,
} from '../../shared/continuity/selection/propensity.ts';
import { decideSelection, judgeWeighted, type Served } from '../../shared/continuity/selection/weighted.ts';
import { argmaxRows, type JudgedModel, predict } from '../pipeline/features/judged-model.ts';
import type { ModelContext } from '../run/context.ts';
import { readExamples } from '../pipeline/features/features.ts';
import { loadShard, type Snapshot } from '../pipeline/data/snapshot-file.ts';
import { findUnlabelledOf } from '../pipeline/data/unlabelled.ts';
import type { Replayed } from './replay.ts';

/** Predictions that got no label, drawn at random, [n] each. */
export interface UnlabelledAnswers {
  readonly ids: readonly string[];
  readonly times: readonly number[];
  /** what was served */
  readonly predicted: readonly number[];
  /** by a version's number; none where a base reads the inputs, as nobody has looked at these */
  readonly answers: ReadonlyMap<number, Int32Array>;
  /** how many predictions each stands for */
  readonly each: number;
}

export const selectionSchema = z.object({
  /** predictions since the contender was trained, and how many of them have their label */
  predictions: z.number().min(0),
  labelled: z.int().min(0),
  /** the share that is labelled by what was served, by class id, and by whether the two versions agree */
  byPredicted: z.array(z.object({ predicted: z.int(), coverage: z.number() })),
  agreeing: z.number().nullable(),
  disagreeing: z.number().nullable(),
  /** how likely a right, and a wrong answer was to get its label; null where that can't be estimated */
  propensity: z.object({ right: z.number(), wrong: z.number() }).nullable(),
  /** the mean difference that the labelled ones stand for; null where labels are complete */
  weighted: z.object({ mean: z.number(), finding: z.enum(['better', 'worse', 'open']) }).nullable(),
  /** the two say something else, and nothing is decided yet */
  held: z.boolean(),
  /** nights in a row on which they did, this one included */
  nights: z.int().min(0),
  /** where they do: predictions drawn at random whose labels would decide, as the versions disagree on them */
  wanted: z.array(z.string()),
});
export type Selection = z.infer<typeof selectionSchema>;

/** Of the list of labels that would decide. */
const LISTED = 50;

/** What versions would have answered where no label came. Null of numbers, and of runs that know of no such inputs. */
export async function replayUnlabelled(
  ctx: ModelContext,
  snapshot: Snapshot,
  versions: ReadonlyMap<number, JudgedModel>,
): Promise<UnlabelledAnswers | null> {
  if (ctx.spec.task !== 'classification') return null;
  const known = await findUnlabelledOf(ctx);
  if (known === null) return null;
  const { shards, predictions } = known;
  const [shard] = shards;
  if (shard === undefined) return { ids: [], times: [], predicted: [], answers: new Map(), each: 0 };
  const examples = await loadShard(ctx.store, ctx.run.model, shard);
  const answers = new Map<number, Int32Array>();
  if (ctx.base === null) {
    const window = { ...(snapshot.windows.at(-1) as Snapshot['windows'][number]), shards };
    const read = await readExamples(ctx, { ...snapshot, windows: [window] }, [...examples.keys()]);
    for (const [number, judged] of versions)
      answers.set(number, argmaxRows(await predict(ctx, judged, read), examples.length));
  }
  return {
    ids: examples.map(({ id }) => id),
    times: examples.map(({ at }) => at),
    predicted: examples.map(({ served }) => served?.predicted ?? -1),
    answers,
    each: predictions / examples.length,
  };
}

export interface Bounds {
  readonly floor: number;
  readonly level: number;
  /** on which plain and weighted disagreed before, in a row, and at most */
  readonly nights: number;
  readonly most: number;
}

/** @returns what is decided, and what is told of it */
export function judgeSelected(
  plain: Judgement,
  seen: Replayed,
  unlabelled: UnlabelledAnswers,
  compared: Compared,
  { floor, level, nights, most }: Bounds,
): { readonly judgement: Judgement; readonly selection: Selection } {
  const served = compared.inside.map((i): Served => {
    const said = seen.served[i];
    return said === null || said === undefined ? null : said === seen.labels[i] ? 'right' : 'wrong';
  });
  const parts = partsOf(seen, unlabelled, compared, served);
  const propensity = fitPropensity([...parts.values()]);
  const weighted = judgeWeighted(compared.examples, served, propensity, floor, level);
  const decided = decideSelection(plain, weighted, nights, most);
  return {
    judgement: decided.judgement,
    selection: {
      ...describeParts([...parts.values()], unlabelled.answers.size > 0),
      propensity: describePropensity(propensity),
      weighted,
      held: decided.held,
      nights: decided.nights,
      wanted: decided.nights > 0 ? wantedLabels(unlabelled, compared) : [],
    },
  };
}

interface Part extends Stratum {
  readonly predicted: number;
  readonly agree: boolean;
}

/** By what was served, and by whether the two versions agree; where nobody knows, as if they did. */
function partsOf(
  seen: Replayed,
  { times, predicted, answers, each }: UnlabelledAnswers,
  { challenger, champion, fromMs, inside }: Compared,
  served: readonly Served[],
): Map<string, Part> {
  const parts = new Map<string, Part>();
  const add = (said: number, agree: boolean, change: Partial<Stratum>): void => {
    const name = `${said} ${agree}`;
    const part = parts.get(name) ?? { predicted: said, agree, right: 0, wrong: 0, predictions: 0 };
    parts.set(name, {
      ...part,
      right: part.right + (change.right ?? 0),
      wrong: part.wrong + (change.wrong ?? 0),
      predictions: part.predictions + (change.predictions ?? 0),
    });
  };
  const known = answers.has(challenger) && answers.has(champion);
  const [mine, theirs] = [seen.answers.get(challenger), seen.answers.get(champion)];
  for (const [k, i] of inside.entries()) {
    const said = seen.served[i];
    if (said === null || said === undefined) continue;
    const right = served[k] === 'right' ? 1 : 0;
    add(said, !known || mine?.[i] === theirs?.[i], { right, wrong: 1 - right, predictions: 1 });
  }
  for (const [i, at] of times.entries()) {
    if (at < fromMs) continue;
    const agree = !known || answers.get(challenger)?.[i] === answers.get(champion)?.[i];
    add(predicted[i] as number, agree, { predictions: each });
  }
  return parts;
}

function describeParts(parts: readonly Part[], known: boolean) {
  const coverage = (chosen: readonly Part[]): number | null => {
    const predictions = chosen.reduce((sum, part) => sum + part.predictions, 0);
    return predictions === 0 ? null : labelsOf(chosen) / predictions;
  };
  const classes = [...new Set(parts.map(({ predicted }) => predicted))].sort((a, b) => a - b);
  return {
    predictions: parts.reduce((sum, { predictions }) => sum + predictions, 0),
    labelled: labelsOf(parts),
    byPredicted: classes.map((predicted) => ({
      predicted,
      coverage: coverage(parts.filter((part) => part.predicted === predicted)) ?? 0,
    })),
    agreeing: known ? coverage(parts.filter(({ agree }) => agree)) : null,
    disagreeing: known ? coverage(parts.filter(({ agree }) => !agree)) : null,
  };
}

function labelsOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { right, wrong }) => sum + right + wrong, 0);
}

function describePropensity(propensity: Propensity | null) {
  return propensity === null ? null : { right: propensity.right, wrong: propensity.wrong };
}

/** A random sample already, so the first of it is one. */
function wantedLabels(
  { ids, times, answers }: UnlabelledAnswers,
  { challenger, champion, fromMs }: Compared,
): string[] {
  const [mine, theirs] = [answers.get(challenger), answers.get(champion)];
  return ids
    .filter((_, i) => (times[i] as number) >= fromMs && (mine === undefined || mine[i] !== theirs?.[i]))
    .slice(0, LISTED);
}

/** One sentence for a person; empty where every prediction has its label, or nobody knows. */
export function describeSelection({
  predictions,
  labelled,
  agreeing,
  disagreeing,
  ...rest
}: Selection): string {
  if (predictions === 0 || labelled >= predictions) return '';
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const parts =
    agreeing === null || disagreeing === null
      ? ''
      : ` (${percent(agreeing)} where the two agree, ${percent(disagreeing)} where not)`;
  const { propensity, weighted, held, nights, wanted } = rest;
  const likely =
    propensity === null
      ? ''
      : `, about ${percent(propensity.wrong)} of the wrong answers and ${percent(propensity.right)} of the right ones`;
  const seen = `${percent(labelled / predictions)} of ${Math.round(predictions)} predictions have their label${parts}${likely}`;
  const mean =
    weighted === null
      ? ''
      : `; weighed by that it is ${(100 * Math.abs(weighted.mean)).toFixed(1)} points ${weighted.mean >= 0 ? 'better' : 'worse'}`;
  if (nights === 0) return `${seen}${mean}`;
  const list =
    wanted.length === 0
      ? ''
      : `, or labels for ${wanted.length} predictions drawn at random: ${wanted.slice(0, 5).join(', ')}, …`;
  return held
    ? `${seen}${mean}: held, as labels are a selection and both do not say the same (night ${nights})${list}`
    : `${seen}${mean}: the weighted comparison decides`;
}
