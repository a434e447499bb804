/**
 * Digits as people write them, drawn by our own code: strokes, bent a little, slanted, turned, and inked with a pen.
 * Who writes is a style; what changes from one digit to the next is the spread around it.
 *
 * Arithmetic and square roots only, and the one seeded generator: the same seed draws the same bytes everywhere.
 */
import type { Random } from '../../../shared/random.ts';
import { GLYPHS, type Point, type Stroke } from './glyphs.ts';

/** Height and width of a digit in pixels. */
export const DIGIT_SIZE = 28;
export const DIGIT_PIXELS = DIGIT_SIZE * DIGIT_SIZE;
export const DIGIT_LABELS: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

export interface Style {
  readonly name: string;
  /** Shift of the top to the right, as a share of the height. */
  readonly slant: number;
  /** Turn in radians; positive is clockwise. */
  readonly rotation: number;
  /** Width of the pen in pixels. */
  readonly thickness: number;
  /** Height of a digit as a share of the picture. */
  readonly scale: number;
  /** Brightness of the ink, 0 to 1. */
  readonly contrast: number;
  /** Standard deviation of the noise on every pixel, as a share of full brightness. */
  readonly noise: number;
  /** Standard deviation of the bending of strokes, as a share of the digit. */
  readonly wobble: number;
}

/** Upright, with a medium pen: how the office wrote last year. */
export const OFFICE: Style = {
  name: 'office',
  slant: 0.05,
  rotation: 0,
  thickness: 2.6,
  scale: 0.72,
  contrast: 0.95,
  noise: 0.02,
  wobble: 0.025,
};

/** Slanted, thin, small and pale, on grainy paper: how the same digits come in from the field. */
export const FIELD: Style = {
  name: 'field',
  slant: 0.45,
  rotation: 0.12,
  thickness: 1.4,
  scale: 0.58,
  contrast: 0.6,
  noise: 0.06,
  wobble: 0.03,
};

/** The style part of the way from one to another. @param share  0: `from`, 1: `to` */
export function blendStyles(from: Style, to: Style, share: number): Style {
  const mix = (a: number, b: number): number => a + share * (b - a);
  return {
    name: `${from.name} to ${to.name}`,
    slant: mix(from.slant, to.slant),
    rotation: mix(from.rotation, to.rotation),
    thickness: mix(from.thickness, to.thickness),
    scale: mix(from.scale, to.scale),
    contrast: mix(from.contrast, to.contrast),
    noise: mix(from.noise, to.noise),
    wobble: mix(from.wobble, to.wobble),
  };
}

/** How far single digits stray from their style, as standard deviations. */
const SPREAD = { slant: 0.06, rotation: 0.04, thickness: 0.25, scale: 0.04, contrast: 0.05, shiftPixels: 1 };

/**
 * Draws one digit.
 *
 * @param digit  0 to 9
 * @returns grey pixels, [28 * 28] row by row, 0 (paper) to 255 (full ink)
 */
export function drawDigit(digit: number, style: Style, random: Random): Uint8Array {
  const ways = GLYPHS[digit];
  if (ways === undefined) throw new RangeError(`expected a digit from 0 to 9, got ${digit}`);
  const glyph = ways[random.below(ways.length)] as readonly Stroke[];
  const place = placement(style, random);
  const bend = bending(style.wobble, random);
  const radius = Math.max(0.4, (style.thickness + SPREAD.thickness * normal(random)) / 2);
  const ink = new Float64Array(DIGIT_PIXELS);
  for (const stroke of glyph) inkCurve(ink, curveThrough(stroke.map((point) => place(bend(point)))), radius);
  return develop(ink, style, random);
}

/**
 * Draws many digits, every digit equally often (up to rounding), in an order of its own.
 *
 * @returns pixels and digits in the same order
 */
export function drawBatch(
  count: number,
  style: Style,
  random: Random,
): { readonly images: Uint8Array[]; readonly digits: number[] } {
  const digits = Array.from({ length: count }, (_, i) => i % DIGIT_LABELS.length);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [digits[i], digits[j]] = [digits[j] as number, digits[i] as number];
  }
  return { images: digits.map((digit) => drawDigit(digit, style, random)), digits };
}

type Move = (point: Point) => Point;

/** From the unit square to pixels: scaled, slanted, turned and shifted. */
function placement(style: Style, random: Random): Move {
  const size = DIGIT_SIZE * (style.scale + SPREAD.scale * normal(random)) * 1.2;
  const stretch = 1 + 0.06 * normal(random);
  const slant = style.slant + SPREAD.slant * normal(random);
  const sine = style.rotation + SPREAD.rotation * normal(random);
  const cosine = Math.sqrt(Math.max(0, 1 - sine * sine));
  const right = DIGIT_SIZE / 2 + SPREAD.shiftPixels * normal(random);
  const down = DIGIT_SIZE / 2 + SPREAD.shiftPixels * normal(random);
  return ({ x, y }) => {
    const v = (y - 0.5) * size;
    const u = (x - 0.5) * size * stretch - slant * v;
    return { x: right + cosine * u - sine * v, y: down + sine * u + cosine * v };
  };
}

/**
 * Bends the plane smoothly: random displacements at a 3x3 grid, interpolated between (an elastic distortion, Simard,
 * Steinkraus & Platt 2003, on the strokes). Points that coincide stay together, so corners stay closed.
 */
function bending(deviation: number, random: Random): Move {
  const grid = Array.from({ length: 9 }, () => ({
    x: deviation * normal(random),
    y: deviation * normal(random),
  }));
  return ({ x, y }) => {
    const column = x < 0.5 ? 0 : 1;
    const row = y < 0.5 ? 0 : 1;
    const across = 2 * x - column;
    const along = 2 * y - row;
    const at = (r: number, c: number): Point => grid[(row + r) * 3 + column + c] as Point;
    const mix = (pick: (point: Point) => number): number =>
      (1 - along) * ((1 - across) * pick(at(0, 0)) + across * pick(at(0, 1))) +
      along * ((1 - across) * pick(at(1, 0)) + across * pick(at(1, 1)));
    return { x: x + mix((point) => point.x), y: y + mix((point) => point.y) };
  };
}

const STEPS_PER_SPAN = 5;

/** Points along the Catmull-Rom spline through the given points (Catmull & Rom 1974). */
function curveThrough(points: Stroke): Point[] {
  const curve: Point[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [from, to] = [points[i] as Point, points[i + 1] as Point];
    const before = points[i - 1] ?? from;
    const after = points[i + 2] ?? to;
    for (let step = 0; step < STEPS_PER_SPAN; step++) {
      const t = step / STEPS_PER_SPAN;
      curve.push({
        x: spline(before.x, from.x, to.x, after.x, t),
        y: spline(before.y, from.y, to.y, after.y, t),
      });
    }
  }
  return [...curve, ...points.slice(-1)];
}

function spline(before: number, from: number, to: number, after: number, t: number): number {
  const linear = to - before;
  const square = 2 * before - 5 * from + 4 * to - after;
  const cube = 3 * from - before - 3 * to + after;
  return from + 0.5 * t * (linear + t * (square + t * cube));
}

/** Inks the pixels near a curve: full inside the pen's radius, fading over one pixel at its edge. */
function inkCurve(ink: Float64Array, curve: readonly Point[], radius: number): void {
  const reach = radius + 0.5;
  for (let i = 0; i + 1 < curve.length; i++) {
    const [a, b] = [curve[i] as Point, curve[i + 1] as Point];
    const rows = pixelRange(Math.min(a.y, b.y) - reach, Math.max(a.y, b.y) + reach);
    const columns = pixelRange(Math.min(a.x, b.x) - reach, Math.max(a.x, b.x) + reach);
    for (let row = rows.first; row <= rows.last; row++) {
      for (let column = columns.first; column <= columns.last; column++) {
        const amount = reach - distance({ x: column + 0.5, y: row + 0.5 }, a, b);
        const at = row * DIGIT_SIZE + column;
        if (amount > (ink[at] as number)) ink[at] = Math.min(1, amount);
      }
    }
  }
}

function pixelRange(from: number, to: number): { first: number; last: number } {
  return { first: Math.max(0, Math.floor(from)), last: Math.min(DIGIT_SIZE - 1, Math.floor(to)) };
}

/** Distance of a point from the segment a-b. */
function distance(point: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point.x - a.x) * dx + (point.y - a.y) * dy) / length;
  const t = Math.min(1, Math.max(0, along));
  const [ex, ey] = [point.x - a.x - t * dx, point.y - a.y - t * dy];
  return Math.sqrt(ex * ex + ey * ey);
}

/** From amounts of ink to grey pixels, with the style's contrast and noise. */
function develop(ink: Float64Array, style: Style, random: Random): Uint8Array {
  const contrast = style.contrast + SPREAD.contrast * normal(random);
  return Uint8Array.from(ink, (amount) => {
    const grey = contrast * amount + style.noise * normal(random);
    return Math.min(255, Math.max(0, Math.floor(grey * 255 + 0.5)));
  });
}

/** About a standard normal: four uniforms, centred and scaled (Irwin-Hall). No logarithm, so no engine differs. */
function normal(random: Random): number {
  const sum = random.uniform() + random.uniform() + random.uniform() + random.uniform();
  return (sum - 2) * 1.732_050_807_568_877_2;
}
