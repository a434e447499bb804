/**
 * What is reported of a strategy. Pure. docs/continuity.md has the words and the sources.
 */
import { constantAnswer, kappaOf, lastKnown, seasonal } from './baselines.ts';
import { lossesOf, meanOf, type Outcome, type Replayed } from './outcomes.ts';
import { isRegression, listLockouts, listPromotions, type Promotion } from './promotions.ts';
import { average, deviation, meanRun } from './statistics.ts';
import { changedBlocks } from '../streams/stream.ts';

export interface Measures {
  /** Accuracy, or mean absolute error: prequential, over all rows (test, then train). */
  readonly score: number;
  /** Cohen's kappa; null of a regression. */
  readonly kappa: number | null;
  /** Of the loss that repeating the last label known makes, the share that is avoided. */
  readonly kappaLast: number;
  /** The same against the label a season before; null where no season is known. */
  readonly kappaSeason: number | null;
  /** Score of the worst block, which one that is, and standard deviation over blocks. */
  readonly worst: number;
  readonly worstBlock: number;
  readonly spread: number;
  /** Mean over promotions of NFR / ((1 - ER_old) ER_new), on the next block (Yan et al. 2021); null without any. */
  readonly relativeFlips: number | null;
  /** Rows that the version before had right and the promoted one has wrong, over all promotions; null of a regression. */
  readonly flips: number | null;
  /** Backward and forward transfer by blocks (Lopez-Paz & Ranzato 2017), in the score's unit; above 0 is better. */
  readonly bwt: number;
  readonly fwt: number;
  readonly promotions: number;
  readonly bad: number;
  /** Of these, the ones whose next block is one with an abrupt change. */
  readonly promotionsAtChange: number;
  readonly badAtChange: number;
  readonly lockedOut: number;
  /** Share of the blocks that keep the required performance, and how many in a row on average (Wang & Machida 2025). */
  readonly availability: number;
  readonly continuity: number;
  /** Of a run, on average. */
  readonly secondsANight: number;
  /** By block. */
  readonly scores: readonly number[];
}

/** Below what the first version gave on its first block by more than this, the service is not what was agreed. */
const TOLERATED = 0.05;
const TOLERATED_ERROR = 0.2;

/** What was agreed on the first day: five points below what the first version gave; of errors, a fifth above. */
export function requirementOf(replayed: Replayed, nobody: Pick<Outcome, 'losses'>): number {
  const { from = 0, to = 0 } = replayed.ranges[0] ?? {};
  const first = meanOf(nobody.losses, from, to);
  return isRegression(replayed) ? first * (1 + TOLERATED_ERROR) : 1 - first - TOLERATED;
}

/** @param required  the score below which (of errors, above which) a block is a failure of the service */
export function measure(replayed: Replayed, outcome: Outcome, required: number): Measures {
  const { ranges, labels } = replayed;
  const { losses, answers, nights } = outcome;
  const regression = isRegression(replayed);
  const scoreOf = (loss: number): number => (regression ? loss : 1 - loss);
  const blocks = ranges.map(({ from, to }) => meanOf(losses, from, to));
  const worst = Math.max(...blocks);
  const meets = blocks.map((loss) => (regression ? loss <= required : scoreOf(loss) >= required));
  const season = seasonal(replayed);
  return {
    score: scoreOf(meanOf(losses)),
    kappa: regression ? null : kappaOf(answers, labels),
    kappaLast: avoided(replayed, losses, lastKnown(replayed)),
    kappaSeason: season === null ? null : avoided(replayed, losses, season),
    worst: scoreOf(worst),
    worstBlock: blocks.indexOf(worst),
    spread: deviation(blocks),
    ...sumPromotions(replayed, listPromotions(replayed, outcome)),
    ...transfer(replayed, outcome),
    lockedOut: listLockouts(replayed, outcome).length,
    availability: average(meets.map(Number)),
    continuity: meanRun(meets),
    secondsANight: nights.length === 0 ? 0 : average(nights.map(({ seconds }) => seconds)),
    scores: blocks.map(scoreOf),
  };
}

/** 1 - loss / loss of the other answers: kappa with their accuracy in the place of chance. */
function avoided(replayed: Replayed, losses: Float32Array, others: Float32Array): number {
  const theirs = meanOf(lossesOf(replayed, others));
  return theirs === 0 ? 0 : 1 - meanOf(losses) / theirs;
}

function sumPromotions(replayed: Replayed, promotions: readonly Promotion[]) {
  const changed = new Set(changedBlocks(replayed.stream, replayed.nights.blocks));
  const atChange = promotions.filter(({ block }) => changed.has(block));
  const rates = promotions.flatMap(({ relativeFlips }) => relativeFlips ?? []);
  return {
    promotions: promotions.length,
    promotionsAtChange: atChange.length,
    bad: promotions.filter(({ bad }) => bad).length,
    badAtChange: atChange.filter(({ bad }) => bad).length,
    flips: isRegression(replayed) ? null : promotions.reduce((sum, { flips }) => sum + (flips ?? 0), 0),
    relativeFlips: rates.length === 0 ? null : average(rates),
  };
}

/**
 * With R_ij the score on block j of what served after block i: BWT is the mean of R_Tj - R_jj over the blocks before
 * the last one T, FWT that of R_(j-1)j - b_j, b_j being the history's constant answer.
 */
function transfer(replayed: Replayed, { serving, versions, losses }: Outcome) {
  const { ranges, labels } = replayed;
  const lossOn = (version: number | undefined, block: number): number => {
    const { from = 0, to = 0 } = ranges[block] ?? {};
    const all = versions[version ?? -1]?.answers ?? new Float32Array();
    return meanOf(lossesOf({ ...replayed, labels: labels.subarray(from, to) }, all.subarray(from, to)));
  };
  const last = ranges.length - 1;
  const back = ranges.slice(0, -1).map((_, block) => {
    return lossOn(serving[block + 1], block) - lossOn(serving[last], block);
  });
  const constant = lossesOf(replayed, new Float32Array(labels.length).fill(constantAnswer(replayed)));
  return {
    bwt: back.length === 0 ? 0 : average(back),
    fwt: meanOf(constant) - meanOf(losses),
  };
}
