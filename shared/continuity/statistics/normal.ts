/**
 * The two points of the standard normal distribution that the gate needs.
 */
import jStat from 'jstat';

/** z with P(Z > z) = alpha. */
export function upperNormalPoint(alpha: number): number {
  return jStat.normal.inv(1 - alpha, 0, 1);
}

/**
 * The stricter level at which a bound must clear its margin, computed on the expected counts, so that the
 * bound at `alpha` clears it with probability `power`: P(Z > z(alpha) + z(1 - power)). The usual sample size
 * formula n = (z_alpha + z_beta)^2 variance / distance^2, stated for any interval method.
 */
export function levelForPower(alpha: number, power: number): number {
  const z = upperNormalPoint(alpha) + upperNormalPoint(1 - power);
  return jStat.normal.cdf(-z, 0, 1);
}
