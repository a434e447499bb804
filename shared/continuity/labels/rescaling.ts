/**
 * Whether a night's targets come in another unit, with another sign, or shifted: one line turns all of the champion's
 * answers into them, and on that line it is as right as it ever was.
 *
 * The line is fitted on one half of the examples and tried on the other, so that three examples prove nothing. It is
 * Theil's (1950, Indagationes Mathematicae 12:85, the incomplete method: the median slope of pairs that lie half of the
 * sorted sample apart, then the median of what is left), which up to a quarter of wild targets does not move.
 */
import { halfOf, lowerBound, type Ties } from './shown.ts';

/** Below so many examples nobody can tell. */
const LEAST_EXAMPLES = 20;
/** Times the usual error that the answers must be off, before anybody asks why. */
const LEAST_RISE = 3;
/** Times the usual error that may be left on the line. */
const MOST_LEFT = 2;
/** Two lines are one where they differ by no more than so many usual errors. */
const SAME = 2;
/** Errors beyond so many times the mean count as that much: one wild target shows nothing. */
const WILD = 4;

/** Targets beside the answers of one version, in order of time, [n] each. */
export interface TargetsAndAnswers extends Ties {
  readonly targets: ArrayLike<number>;
  readonly answers: ArrayLike<number>;
}

/** target = factor × answer + shift */
export interface Scale {
  readonly factor: number;
  readonly shift: number;
}

export interface RescaleFinding {
  readonly n: number;
  /** mean absolute error of the answers as they are, and on the line, in the model's unit */
  readonly error: number;
  readonly rescaledError: number;
  /** of all examples together; null of fewer than 20, or where answers do not differ */
  readonly scale: Scale | null;
  readonly suspicious: boolean;
}

/**
 * @param usual  mean absolute error on nights before; null where none is known, and then nothing is suspicious
 */
export function findRescaling(given: TargetsAndAnswers, usual: number | null): RescaleFinding {
  const { targets, answers } = given;
  const n = targets.length;
  const errors = Float64Array.from({ length: n }, (_, i) => Math.abs(off(given, i)));
  const error = mean(errors);
  const scales = [null, 0, 1].map((half) => (n < LEAST_EXAMPLES ? null : fitLine(given, half)));
  const [scale, ...halves] = scales;
  if (scale === undefined || scale === null || halves.includes(null) || usual === null)
    return { n, error, rescaledError: error, scale: scale ?? null, suspicious: false };
  const rescaled = errors.map((_, i) => {
    const { factor, shift } = halves[1 - halfOf(i)] as Scale;
    return Math.abs((targets[i] as number) - shift - factor * (answers[i] as number)) / Math.abs(factor);
  });
  const rescaledError = mean(rescaled);
  const suspicious =
    error >= LEAST_RISE * usual &&
    rescaledError <= MOST_LEFT * usual &&
    lowerBound(fallOf(errors, rescaled), given) > 0 &&
    // A model that tells nothing apart can accuse nobody: any line is as good as a constant there.
    lowerBound(fallOf(constantErrors(targets, scale.factor), rescaled), given) > 0;
  return { n, error, rescaledError, scale, suspicious };
}

/**
 * Whether two nights tell the same story: one line says of the second night's answers what the other does.
 *
 * @param answers  of the second night
 * @param usual    mean absolute error, in the model's unit
 */
export function sameScale(a: Scale, b: Scale, answers: ArrayLike<number>, usual: number): boolean {
  const between = Float64Array.from(answers, (answer) =>
    Math.abs((a.factor - b.factor) * answer + a.shift - b.shift),
  );
  return mean(between) <= SAME * usual * Math.min(Math.abs(a.factor), Math.abs(b.factor));
}

/** @param half  of the examples, by `halfOf`; null for all. @returns null where the answers are all the same */
function fitLine({ targets, answers }: TargetsAndAnswers, half: number | null): Scale | null {
  const chosen = Array.from({ length: targets.length }, (_, i) => i)
    .filter((i) => half === null || halfOf(i) === half)
    .sort((a, b) => (answers[a] as number) - (answers[b] as number) || a - b);
  const apart = Math.floor(chosen.length / 2);
  const slopes: number[] = [];
  for (let k = 0; k + apart < chosen.length; k++) {
    const [low, high] = [chosen[k] as number, chosen[k + apart] as number];
    const run = (answers[high] as number) - (answers[low] as number);
    if (run > 0) slopes.push(((targets[high] as number) - (targets[low] as number)) / run);
  }
  const factor = median(slopes);
  if (slopes.length === 0 || factor === 0) return null;
  return {
    factor,
    shift: median(chosen.map((i) => (targets[i] as number) - factor * (answers[i] as number))),
  };
}

function off({ targets, answers }: TargetsAndAnswers, i: number): number {
  return (targets[i] as number) - (answers[i] as number);
}

/** What always answering the median would be off by, in the model's unit. */
function constantErrors(targets: ArrayLike<number>, factor: number): Float64Array {
  const middle = median(Array.from(targets));
  return Float64Array.from(targets, (target) => Math.abs(target - middle) / Math.abs(factor));
}

/** How much less errors are, as shares of the wildest that counts; in [-1, 1], [n]. */
function fallOf(before: Float64Array, after: Float64Array): Float64Array {
  const worst = WILD * mean(before);
  if (worst === 0) return new Float64Array(before.length);
  return before.map((value, i) => (Math.min(value, worst) - Math.min(after[i] as number, worst)) / worst);
}

/** The lower of the two middle ones; 0 of none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
