/**
 * What grouped examples are worth: many from one user or device say less than as many from different ones.
 * J. N. K. Rao & A. J. Scott 1992, "A simple method for the analysis of clustered binary data", Biometrics 48:577;
 * with the correction for few groups of E. L. Korn & B. I. Graubard 1998, Survey Methodology 24:193.
 */
import { upperNormalPoint, upperStudentPoint } from './normal.ts';

/** Marks an example that belongs to no group. */
export const UNGROUPED = -1;

/**
 * Variance of a sum under sampling of whole groups, and under sampling of single examples.
 *
 * @param values  [n]
 * @param groups  group ids, [n]; UNGROUPED stands alone
 */
export interface ClusterVariance {
  readonly clustered: number;
  readonly independent: number;
  /** groups, each ungrouped example counting as one */
  readonly groups: number;
}

/** @param values already centred: their weighted deviations from the mean that is estimated, [n] */
export function clusterVariance(values: Float64Array, groups: Int32Array): ClusterVariance {
  const sums = new Map<number, number>();
  let clustered = 0;
  let independent = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const group = groups[i] as number;
    independent += value * value;
    if (group === UNGROUPED) {
      clustered += value * value;
      count++;
    } else {
      sums.set(group, (sums.get(group) ?? 0) + value);
    }
  }
  for (const sum of sums.values()) clustered += sum * sum;
  count += sums.size;
  return { clustered: count > 1 ? (clustered * count) / (count - 1) : clustered, independent, groups: count };
}

/** Of examples that count in units: how large a unit is, and how many there are, as far as an estimate is concerned. */
export interface UnitWorth {
  /** mean size of the unit that an example is in, 1 or more: the design effect were all examples of a unit the same */
  readonly size: number;
  /** Kish's effective number of units, (sum n)^2 / sum n^2: so many equal ones would be worth as much */
  readonly count: number;
}

/**
 * L. Kish 1965, "Survey Sampling", section 8.2. A few large units among many small ones are not worth their number.
 *
 * @param groups  group ids, [n], n >= 1; UNGROUPED stands alone
 */
export function unitWorth(groups: Int32Array): UnitWorth {
  const sizes = new Map<number, number>();
  let squares = 0;
  for (const group of groups) {
    if (group === UNGROUPED) squares += 1;
    else sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  for (const size of sizes.values()) squares += size * size;
  return { size: squares / groups.length, count: groups.length ** 2 / squares };
}

/**
 * Share of the examples that counts: counts multiplied by it can go into any interval for independent examples.
 * 1 / max(1, design effect), times (z / t)^2 for the degrees of freedom that few groups leave.
 *
 * Beside the groups that were seen stands one more, of the mean size, that is lost as a whole. Where nothing disagrees it is
 * all there is, and the examples are worth Kish's effective number of groups: no disagreement seen is not no variance. The
 * more disagree, the less it weighs. The design effect is an estimate too: it is taken one standard error of a variance
 * larger, sqrt(2 / (groups - 1)), without which bounds from 40 groups missed 6.7 % of the time at 5 %; by that it is never
 * made larger than if all examples of a group were the same.
 *
 * @param outcomes    what is averaged, per example, in [-1, 1], [n], n >= 1
 * @param groups      group ids, [n]
 * @param neighbours  share that examples on their own count by, `neighbourShare`
 * @returns share in [0, 1]; 0 when there are fewer than two groups' worth
 */
export function effectiveShare(
  outcomes: Float64Array,
  groups: Int32Array,
  alpha: number,
  neighbours = 1,
): number {
  const { size, count } = unitWorth(groups);
  if (count < 2) return 0;
  const mean = outcomes.reduce((sum, value) => sum + value, 0) / outcomes.length;
  const centred = outcomes.map((value) => value - mean);
  const { clustered, independent } = clusterVariance(centred, groups);
  const alone = centred.reduce((sum, value, i) => sum + (groups[i] === UNGROUPED ? value * value : 0), 0);
  const seen = clustered + (1 / neighbours - 1) * alone;
  const estimate = Math.max(1, (seen + size * size) / (independent + size));
  const cautious = estimate * (1 + Math.sqrt(2 / (count - 1)));
  const effect = Math.max(estimate, Math.min(cautious, size / neighbours));
  const ratio = upperNormalPoint(alpha) / upperStudentPoint(alpha, count - 1);
  return ratio ** 2 / effect;
}
