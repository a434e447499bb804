/**
 * Sine, cosine, logarithm and exponential that are the same bits on every engine and processor: sums and products of
 * doubles in a fixed order. An engine's Math may differ from another's in the last bit.
 */

const RADIANS_PER_DEGREE = 0.017453292519943295;

/** Sine of an angle in degrees, within 2e-16 of the truth; exact at multiples of 90. */
export function sineOfDegrees(degrees: number): number {
  return quarterTurns(degrees, 0);
}

/** Cosine of an angle in degrees, within 2e-16 of the truth; exact at multiples of 90. */
export function cosineOfDegrees(degrees: number): number {
  return quarterTurns(degrees, 1);
}

/** sin(degrees + 90 * ahead): whole quarter turns first, then a series on [-45, 45] degrees. */
function quarterTurns(degrees: number, ahead: number): number {
  const turns = Math.round(degrees / 90);
  const x = (degrees - 90 * turns) * RADIANS_PER_DEGREE;
  switch ((((turns + ahead) % 4) + 4) % 4) {
    case 0:
      return sineSeries(x);
    case 1:
      return cosineSeries(x);
    case 2:
      return 0 - sineSeries(x);
    default:
      return 0 - cosineSeries(x);
  }
}

function sineSeries(x: number): number {
  const z = x * x;
  let sum = 1;
  for (let n = 18; n >= 2; n -= 2) sum = 1 - (z / (n * (n + 1))) * sum;
  return x * sum;
}

function cosineSeries(x: number): number {
  const z = x * x;
  let sum = 1;
  for (let n = 19; n >= 1; n -= 2) sum = 1 - (z / (n * (n + 1))) * sum;
  return sum;
}

const LN2 = 0.6931471805599453;
/** ln 2 in two parts, the first with so few bits that its product with an exponent is exact (fdlibm). */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const SQRT2 = 1.4142135623730951;

/**
 * Natural logarithm, within 1e-15 of the truth, relatively. x = 2^n m, ln m = 2 artanh((m - 1) / (m + 1)).
 *
 * @param x  a positive, normal number
 */
export function naturalLog(x: number): number {
  const word = new DataView(new ArrayBuffer(8));
  word.setFloat64(0, x);
  const high = word.getUint32(0);
  let n = (high >>> 20) - 1023;
  word.setUint32(0, (high & 0xf_ffff) | (1023 << 20));
  let m = word.getFloat64(0);
  if (m > SQRT2) {
    m *= 0.5;
    n += 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let series = 0;
  for (let k = 23; k >= 1; k -= 2) series = series * z + 1 / k;
  return n * LN2_HIGH + (n * LN2_LOW + 2 * s * series);
}

/** e^x, within 1e-15 of the truth, relatively; 0 below -700, where it would soon lose its digits. */
export function exponential(x: number): number {
  if (x < -700) return 0;
  const n = Math.round(x / LN2);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let sum = 1;
  for (let k = 18; k >= 1; k--) sum = 1 + (r / k) * sum;
  const word = new DataView(new ArrayBuffer(8));
  word.setUint32(0, (n + 1023) << 20);
  return sum * word.getFloat64(0);
}
