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

/** Unit of a finding's numbers. */
export type Unit = 'points' | 'percent' | 'relative' | 'score' | 'ratio' | 'bytes';

/** A finding's number for a table: differences signed, in points; rates in percent; ratios as `1.20×`. */
export function formatMeasure(value: number | null, unit: Unit): string {
  if (value === null) return '';
  switch (unit) {
    case 'points':
      return formatSignedPoints(value);
    case 'percent':
      return `${formatPoints(value)} %`;
    case 'relative':
      return `${formatSignedPoints(value)} %`;
    case 'score':
      return formatSignedScore(value);
    case 'ratio':
      return `${value.toFixed(2)}×`;
    case 'bytes':
      return formatBytes(value);
  }
}

/** 0.0123 as `+0.012`: a difference of scores that are no shares. */
export function formatSignedScore(value: number): string {
  const digits = Math.abs(value).toFixed(3);
  if (digits === '0.000') return '0.000';
  return `${value < 0 ? '−' : '+'}${digits}`;
}

/** 1234567 as `1.2 MB`, 1,000 bytes to the kB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
