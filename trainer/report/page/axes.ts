/**
 * What every figure of a page has: scales, round ticks, and lines across the plot with their values beside them. Sizes
 * are SVG units, in a drawing of any height; colours are classes, set by the page's style sheet.
 */
import { html, type Markup } from './html-template.ts';

/** Width of a drawing that fills the page. */
export const WIDTH = 920;

/** From a value to its place in the drawing. */
export type Scale = (value: number) => number;

type Range = readonly [from: number, to: number];

/** The ends of `domain` come to the ends of `place`, and what lies between them in proportion. */
export function scale([from, to]: Range, [start, end]: Range): Scale {
  return (value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

/** As `scale`, in proportion of the logarithms: of values above 0. */
export function logScale([from, to]: Range, place: Range): Scale {
  const ofLogarithm = scale([Math.log(from), Math.log(to)], place);
  return (value) => ofLogarithm(Math.log(value));
}

/** Round values that enclose [low, high], about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** `count` values from low to high, both among them. */
export function evenTicks(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => low + (i * (high - low)) / (count - 1));
}

/** Lines from left to right, with the values at their left. */
export function rowGrid(
  ticks: readonly number[],
  y: Scale,
  { left, right }: { readonly left: number; readonly right: number },
  format: (value: number) => string,
): Markup[] {
  return ticks.map(
    (tick) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}" />
        <text class="tick" x="${left - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${format(tick)}</text>`,
  );
}

/** Lines from top to bottom, with the values below them; that of zero stands out. */
export function columnGrid(
  ticks: readonly number[],
  x: Scale,
  { top, bottom }: { readonly top: number; readonly bottom: number },
  format: (value: number) => string,
): Markup[] {
  return ticks.map(
    (tick) =>
      html`<line
          class="${isZero(tick) ? 'zero' : 'grid'}"
          x1="${px(x(tick))}"
          x2="${px(x(tick))}"
          y1="${top}"
          y2="${bottom}"
        />
        ${columnLabel(x(tick), bottom + 18, format(tick))}`,
  );
}

/** What stands below a place of the x axis. */
export function columnLabel(x: number, y: number, text: string | number): Markup {
  return html`<text class="tick" x="${px(x)}" y="${y}" text-anchor="middle">${text}</text>`;
}

/** The `d` of a path through places of the drawing. */
export function polyline(places: readonly Range[]): string {
  return places.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('');
}

/** A tenth of a unit is finer than a screen. */
export function px(value: number): string {
  return value.toFixed(1);
}

function isZero(tick: number): boolean {
  return Math.abs(tick) < 1e-9;
}
