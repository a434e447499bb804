/**
 * How likely a prediction was to get its label, by whether it was right: users who see a wrong answer say so sooner and
 * more often than those who see a right one. Whether an answer was right is known of labelled predictions alone, so that
 * no share of labels can simply be counted; but how many predictions there were is known of every part of the traffic.
 *
 * With 1 / p_w labels' worth for each labelled wrong answer and 1 / p_r for each right one, the labelled ones of every
 * part stand for all of its predictions:
 *
 *     wrong_s / p_w + right_s / p_r = predictions_s
 *
 * in every stratum s (what was predicted, and whether the two versions agree on it). Two unknowns, and as many equations
 * as there are strata, which differ in how often the answer is wrong: calibration weighting with a response model on what
 * is known of respondents alone (Deville & Särndal 1992, JASA 87:376; Chang & Kott 2008, Biometrika 95:555). Solved by
 * least squares, each stratum weighed by the variance that binomial answers give it.
 */

/** Predictions of one part of the traffic. */
export interface Stratum {
  /** labelled, and what was served was right */
  readonly right: number;
  /** labelled, and what was served was wrong */
  readonly wrong: number;
  /** labelled or not */
  readonly predictions: number;
}

export interface Propensity {
  /** probability that a right, and that a wrong answer had its label when this was asked, in (0, 1] */
  readonly right: number;
  readonly wrong: number;
  /** standard error of the difference of their reciprocals */
  readonly error: number;
  /** whether they are shown to differ, at 5 % */
  readonly shown: boolean;
  /** share of the predictions that have their label */
  readonly coverage: number;
}

/** Two-sided, 5 %. */
const SHOWN = 1.96;
/** Rounds of least squares: weights depend on what they give. */
const ROUNDS = 8;
/** Worth of a labelled answer at most, so that one example never stands for a hundred (Cole & Hernán 2008, AJE 168:656). */
const MOST_WORTH = 20;
/** Labels without which nothing is estimated. */
const LEAST_LABELS = 50;

/** Of right and of wrong answers. */
type Pair = readonly [right: number, wrong: number];

/**
 * @returns null where too little came back, or no two parts of the traffic differ in how often the answer is wrong
 */
export function fitPropensity(strata: readonly Stratum[]): Propensity | null {
  const used = strata.filter(({ right, wrong }) => right + wrong > 0);
  const labels = used.reduce((sum, { right, wrong }) => sum + right + wrong, 0);
  if (labels < LEAST_LABELS || used.length < 2) return null;
  const all = used.reduce((sum, { predictions }) => sum + predictions, 0);
  let worth: Pair = [all / labels, all / labels];
  for (let round = 0; round < ROUNDS; round++) {
    const next = solve(used, worth);
    if (next === null) return null;
    worth = next;
  }
  const error = errorOfDifference(used, worth);
  if (error === null) return null;
  const [right, wrong] = worth;
  return {
    right: 1 / right,
    wrong: 1 / wrong,
    error,
    shown: Math.abs(right - wrong) > SHOWN * error,
    coverage: labels / all,
  };
}

/** Of `right/p + wrong/p` in one stratum, given what labels are worth; at least what one answer more would add. */
function varianceOf({ right, wrong }: Stratum, [ofRight, ofWrong]: Pair): number {
  return Math.max(1, right * ofRight * (ofRight - 1) + wrong * ofWrong * (ofWrong - 1));
}

function normalEquations(strata: readonly Stratum[], worth: Pair) {
  let [rr, rw, ww, rn, wn] = [0, 0, 0, 0, 0];
  for (const stratum of strata) {
    const { right, wrong, predictions } = stratum;
    const weight = 1 / varianceOf(stratum, worth);
    rr += weight * right * right;
    rw += weight * right * wrong;
    ww += weight * wrong * wrong;
    rn += weight * right * predictions;
    wn += weight * wrong * predictions;
  }
  return { rr, rw, ww, rn, wn };
}

/** Each at least 1, as no probability exceeds it; null where the equations are one. */
function solve(strata: readonly Stratum[], worth: Pair): Pair | null {
  const { rr, rw, ww, rn, wn } = normalEquations(strata, worth);
  const determinant = rr * ww - rw * rw;
  if (!(determinant > 1e-9 * rr * ww)) return null;
  const free: Pair = [(rn * ww - wn * rw) / determinant, (wn * rr - rn * rw) / determinant];
  if (free[0] >= 1 && free[1] >= 1) return [within(free[0]), within(free[1])];
  // The least squares lie on the border: one of the two is certain to be labelled.
  const wrongCertain: Pair = [within((rn - rw) / rr), 1];
  const rightCertain: Pair = [1, within((wn - rw) / ww)];
  return misfit(strata, worth, wrongCertain) <= misfit(strata, worth, rightCertain)
    ? wrongCertain
    : rightCertain;
}

function within(worth: number): number {
  return Math.min(MOST_WORTH, Math.max(1, worth));
}

function misfit(strata: readonly Stratum[], worth: Pair, [ofRight, ofWrong]: Pair): number {
  return strata.reduce((sum, stratum) => {
    const { right, wrong, predictions } = stratum;
    return sum + (right * ofRight + wrong * ofWrong - predictions) ** 2 / varianceOf(stratum, worth);
  }, 0);
}

function errorOfDifference(strata: readonly Stratum[], worth: Pair): number | null {
  const { rr, rw, ww } = normalEquations(strata, worth);
  const determinant = rr * ww - rw * rw;
  return determinant > 0 ? Math.sqrt((rr + ww + 2 * rw) / determinant) : null;
}
