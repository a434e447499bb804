/**
 * Points of the standard normal distribution and of Student's.
 */
import jStat from 'jstat';

/** z with P(Z > z) = alpha. */
export function upperNormalPoint(alpha: number): number {
  return jStat.normal.inv(1 - alpha, 0, 1);
}

/** P(Z > z). */
export function upperNormalTail(z: number): number {
  return jStat.normal.cdf(-z, 0, 1);
}

/** t with P(T > t) = alpha, for `degrees` of freedom, >= 1. */
export function upperStudentPoint(alpha: number, degrees: number): number {
  return -jStat.studentt.inv(alpha, degrees);
}

/**
 * The stricter level at which a bound must clear its margin, computed on the expected counts, so that the
 * bound at `alpha` clears it with probability `power`: P(Z > z(alpha) + z(1 - power)). The usual sample size
 * formula n = (z_alpha + z_beta)^2 variance / distance^2, stated for any interval method.
 */
export function levelForPower(alpha: number, power: number): number {
  return upperNormalTail(upperNormalPoint(alpha) + upperNormalPoint(1 - power));
}
