/**
 * The report's figures as SVG. Sizes are SVG units; colours are classes, set by the page's style sheet.
 */
import type { CheckVerdict } from '../../../shared/continuity/findings/check-result.ts';
import {
  columnGrid,
  columnLabel,
  niceTicks,
  px,
  rowGrid,
  type Scale,
  scale,
  polyline,
  WIDTH,
} from './axes.ts';
import { html, type Markup } from './html-template.ts';

export interface ForestRow {
  readonly label: string;
  /** a part of the row above it */
  readonly indented: boolean;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  readonly margin: number;
  readonly passes: 'above' | 'below';
  readonly verdict: CheckVerdict;
  /** numbers at the right edge */
  readonly numbers: string;
}

const ROW_HEIGHT = 26;
const PLOT = { left: 250, right: 735 } as const;

/** Intervals against their margins on one axis: what lies beyond a margin is shaded, and is where it fails. */
export function forestPlot(rows: readonly ForestRow[], formatTick: (value: number) => string): Markup {
  const height = rows.length * ROW_HEIGHT + 34;
  const bottom = rows.length * ROW_HEIGHT + 4;
  const values = rows.flatMap(({ lower, upper, margin }) => [lower, upper, margin]);
  const room = (Math.max(0, ...values) - Math.min(0, ...values)) / 12;
  const edges = [
    ...values,
    ...rows.map(({ margin, passes }) => margin + (passes === 'above' ? -room : room)),
  ];
  const ticks = niceTicks(Math.min(0, ...edges), Math.max(0, ...edges), 7);
  const x = scale([ticks[0] ?? 0, ticks.at(-1) ?? 1], [PLOT.left, PLOT.right]);
  const grid = columnGrid(ticks, x, { top: 4, bottom }, formatTick);
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img">
    ${rows.map((row, i) => failingSide(row, 4 + i * ROW_HEIGHT, x))} ${grid}
    ${rows.map((row, i) => forestRow(row, 4 + i * ROW_HEIGHT, x))}
  </svg>`;
}

function failingSide({ margin, passes }: ForestRow, top: number, x: Scale): Markup {
  const [from, to] = passes === 'above' ? [PLOT.left, x(margin)] : [x(margin), PLOT.right];
  return html`<rect
    class="beyond"
    x="${px(from)}"
    y="${top}"
    width="${px(Math.max(0, to - from))}"
    height="${ROW_HEIGHT}"
  />`;
}

function forestRow(row: ForestRow, top: number, x: Scale): Markup {
  const y = top + ROW_HEIGHT / 2;
  const [from, at, to, edge] = [row.lower, row.estimate, row.upper, row.margin].map((value) => px(x(value)));
  const size = row.indented ? 3.5 : 5;
  return html`<g class="row ${row.verdict}${row.indented ? ' part' : ''}">
    <text class="label" x="${row.indented ? 22 : 4}" y="${y + 4}"
      >${shorten(row.label, row.indented ? 32 : 34)}</text
    >
    <line class="margin" x1="${edge ?? ''}" x2="${edge ?? ''}" y1="${top + 3}" y2="${top + ROW_HEIGHT - 3}" />
    <path
      class="interval"
      d="M${from ?? ''} ${y}H${to ?? ''}M${from ?? ''} ${y - 4}v8M${to ?? ''} ${y - 4}v8"
    />
    <circle cx="${at ?? ''}" cy="${y}" r="${size}" />
    <text class="numbers" x="${WIDTH - 4}" y="${y + 4}" text-anchor="end">${row.numbers}</text>
  </g>`;
}

export interface Series {
  readonly name: string;
  /** class that colours it */
  readonly className: string;
  /** null leaves a gap */
  readonly values: readonly (number | null)[];
}

export interface LineChart {
  readonly series: readonly Series[];
  /** one per point */
  readonly labels: readonly string[];
  readonly format: (value: number) => string;
  readonly height: number;
  /** index of the point whose column is highlighted */
  readonly highlight?: number;
}

const CHART = { left: 62, right: WIDTH - 18, top: 12 } as const;
const MAX_LABELS = 10;

/** Lines over equally spaced points, a dot with a tooltip on each. */
export function lineChart({ series, labels, format, height, highlight }: LineChart): Markup {
  const bottom = height - 30;
  const values = series.flatMap((line) => line.values.filter((value) => value !== null));
  const ticks = niceTicks(Math.min(...values), Math.max(...values), 5);
  const y = scale([ticks[0] ?? 0, ticks.at(-1) ?? 1], [bottom, CHART.top]);
  const inset = Math.min(60, (CHART.right - CHART.left) / (2 * labels.length));
  const x = scale([0, Math.max(1, labels.length - 1)], [CHART.left + inset, CHART.right - inset]);
  const every = Math.ceil(labels.length / MAX_LABELS);
  const last = labels.length - 1;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img">
    ${highlight === undefined ? null : html`<rect class="highlight" x="${px(x(highlight) - inset)}" y="${CHART.top}" width="${px(2 * inset)}" height="${bottom - CHART.top}" rx="4" />`}
    ${rowGrid(ticks, y, CHART, format)}
    ${labels.map((label, i) =>
      (last - i) % every === 0 ? columnLabel(x(i), height - 8, shorten(label, 14)) : null,
    )}
    ${series.map((line) => drawSeries(line, labels, x, y, format))}
  </svg>`;
}

function drawSeries(
  { name, className, values }: Series,
  labels: readonly string[],
  x: Scale,
  y: Scale,
  format: (value: number) => string,
): Markup {
  const points = values.flatMap((value, i) =>
    value === null ? [] : [{ i, value, at: [x(i), y(value)] as const }],
  );
  return html`<g class="series ${className}">
    <path d="${polyline(points.map(({ at }) => at))}" />
    ${points.map(
      ({ i, value }) =>
        html`<circle cx="${px(x(i))}" cy="${px(y(value))}" r="${points.length > 40 ? 1.5 : 4}"
          ><title>${name}, ${labels[i] ?? ''}: ${format(value)}</title></circle
        >`,
    )}
  </g>`;
}

/** A column of dots. */
export interface Column {
  readonly title: string;
  /** class that colours it */
  readonly className: string;
  readonly values: readonly number[];
  /** where its bar is drawn */
  readonly mean: number;
}

export interface PairChart {
  /** Each two columns side by side have the same cases: a line joins a case's two dots. */
  readonly pairs: readonly (readonly [Column, Column])[];
  /** what one case is called */
  readonly unit: string;
  readonly format: (value: number) => string;
  /** so that a small difference of large values looks small */
  readonly fromZero: boolean;
  readonly height: number;
}

/** Dots in columns, two by two, with a bar at each column's mean. */
export function pairChart({ pairs, unit, format, fromZero, height }: PairChart): Markup {
  const bottom = height - 30;
  const columns = pairs.flat();
  const values = [...columns.flatMap((column) => column.values), ...(fromZero ? [0] : [])];
  const ticks = niceTicks(Math.min(...values), Math.max(...values), 5);
  const y = scale([ticks[0] ?? 0, ticks.at(-1) ?? 1], [bottom, CHART.top]);
  const x = scale([-0.5, columns.length - 0.5], [CHART.left, CHART.right]);
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img">
    ${rowGrid(ticks, y, CHART, format)}
    ${pairs.map(([left, right], p) =>
      left.values.map(
        (value, i) =>
          html`<line
            class="grid"
            x1="${px(x(2 * p))}"
            y1="${px(y(value))}"
            x2="${px(x(2 * p + 1))}"
            y2="${px(y(right.values[i] ?? value))}"
          />`,
      ),
    )}
    ${columns.map(
      ({ title, className, values, mean }, c) =>
        html`<g class="series ${className}">
          <path d="M${px(x(c) - 34)} ${px(y(mean))}H${px(x(c) + 34)}" />
          ${values.map(
            (value, i) =>
              html`<circle cx="${px(x(c))}" cy="${px(y(value))}" r="4"
                ><title>${title}, ${unit} ${i + 1}: ${format(value)}</title></circle
              >`,
          )}
          ${columnLabel(x(c), height - 8, title)}
        </g>`,
    )}
  </svg>`;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
