/**
 * Numbers as a person reads them in verdicts and reports. Differences and rates come as fractions.
 */

/** 0.0123 as `1.2`, -0.031 as `−3.1` (true minus sign): percentage points without their unit. */
export function formatPoints(fraction: number): string {
  const points = (100 * Math.abs(fraction)).toFixed(1);
  return fraction < 0 && points !== '0.0' ? `−${points}` : points;
}

/** 0.9312 as `93.1 %`. */
export function formatPercent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** 12345 as `12,345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 0.05 as `95 %`: the confidence of a bound at level alpha. */
export function formatConfidence(alpha: number): string {
  return `${Number((100 * (1 - alpha)).toFixed(2))} %`;
}

/** `1 more label`, `2,000 more labels`. */
export function formatMoreLabels(count: number): string {
  return `${formatCount(count)} more ${count === 1 ? 'label' : 'labels'}`;
}

/** Like formatPoints, with a plus sign on gains. */
export function formatSignedPoints(fraction: number): string {
  const points = formatPoints(fraction);
  return fraction > 0 && points !== '0.0' ? `+${points}` : points;
}

/** The first characters of a digest, after its algorithm: `sha256:0f3a9c21…`. */
export function formatDigest(digest: string): string {
  const [head, tail] = digest.includes(':') ? digest.split(':', 2) : ['', digest];
  const short = (tail ?? '').length > 12 ? `${tail?.slice(0, 12)}…` : tail;
  return head === '' ? `${short}` : `${head}:${short}`;
}

/** A finding's numbers for a table: differences signed, in points; rates in percent. */
export function formatMeasure(fraction: number | null, passes: 'above' | 'below'): string {
  if (fraction === null) return '';
  return passes === 'above' ? formatSignedPoints(fraction) : `${formatPoints(fraction)} %`;
}
