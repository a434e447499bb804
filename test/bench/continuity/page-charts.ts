/**
 * The page's figures as SVG: scores over time with what happened when, and a heat map of versions on windows.
 */
import {
  columnLabel,
  evenTicks,
  polyline,
  px,
  rowGrid,
  type Scale,
  scale,
  WIDTH,
} from '../../../trainer/report/page/axes.ts';
import { html, type Markup } from '../../../trainer/report/page/html-template.ts';

export interface Line {
  readonly name: string;
  /** A CSS colour. */
  readonly colour: string;
  readonly values: readonly number[];
  readonly dashed: boolean;
  readonly thick: boolean;
}

/** Something that happened before a block was served. */
export interface Mark {
  readonly block: number;
  readonly colour: string;
  /** shown where somebody points at it */
  readonly title: string;
}

export interface Timeline {
  readonly lines: readonly Line[];
  /** Rows of marks below the lines, each with its name. */
  readonly rows: readonly { readonly name: string; readonly marks: readonly Mark[] }[];
  /** Blocks that are shaded, with what happened there. */
  readonly shaded: readonly { readonly block: number; readonly title: string; readonly fault: boolean }[];
  readonly blocks: number;
  readonly format: (value: number) => string;
}

const PLOT = { left: 120, right: 900, top: 10, bottom: 290 } as const;
const ROW = 18;

export function drawTimeline({ lines, rows, shaded, blocks, format }: Timeline): Markup {
  const values = lines.flatMap((line) => line.values);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || 1) / 20;
  const y = scale([least - room, most + room], [PLOT.bottom, PLOT.top]);
  const step = (PLOT.right - PLOT.left) / blocks;
  const x = (block: number): number => PLOT.left + (block + 0.5) * step;
  const height = PLOT.bottom + 26 + rows.length * ROW;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img">
    ${shaded.map(
      ({ block, title, fault }) =>
        html`<rect
          class="${fault ? 'beyond' : 'highlight'}"
          x="${px(x(block) - step / 2)}"
          y="${PLOT.top}"
          width="${px(step)}"
          height="${height - PLOT.top}"
          ><title>${title}</title></rect
        >`,
    )}
    ${rowGrid(evenTicks(least, most, 5), y, PLOT, format)}
    ${lines.map((line) => drawLine(line, x, y, format))}
    ${Array.from({ length: blocks }, (_, block) => columnLabel(x(block), PLOT.bottom + 16, block + 1))}
    ${rows.map(({ name, marks }, i) => drawMarks(name, marks, PLOT.bottom + 34 + i * ROW, x))}
  </svg>`;
}

function drawLine(
  { name, colour, values, dashed, thick }: Line,
  x: Scale,
  y: Scale,
  format: (value: number) => string,
): Markup {
  const path = polyline(values.map((value, i) => [x(i), y(value)]));
  return html`<g style="stroke:${colour};fill:none">
    <path d="${path}" stroke-width="${thick ? 3 : 1.4}" stroke-dasharray="${dashed ? '5 4' : 'none'}" />
    ${values.map(
      (value, i) =>
        html`<circle cx="${px(x(i))}" cy="${px(y(value))}" r="${thick ? 3.5 : 2}" style="fill:${colour}"
          ><title>${name}, night ${i + 1}: ${format(value)}</title></circle
        >`,
    )}
  </g>`;
}

function drawMarks(name: string, marks: readonly Mark[], top: number, x: Scale): Markup {
  return html`<text class="tick" x="${PLOT.left - 8}" y="${top + 4}" text-anchor="end">${name}</text>
    ${marks.map(
      ({ block, colour, title }) =>
        html`<path d="M${px(x(block))} ${top - 5}l5 9h-10z" style="fill:${colour}"
          ><title>${title}</title></path
        >`,
    )}`;
}

export interface HeatMap {
  /** Names of the rows. */
  readonly versions: readonly string[];
  /** [versions][blocks], 0 the worst to 1 the best. */
  readonly shades: readonly (readonly number[])[];
  /** What a cell says. */
  readonly titles: readonly (readonly string[])[];
  /** By block: the row that served it. */
  readonly serving: readonly number[];
  /** By row: the first block that it could have served. */
  readonly from: readonly number[];
}

const CELL = 18;

/** Darker is better; framed is what served, pale what a version was tested on before it was made. */
export function drawHeatMap({ versions, shades, titles, serving, from }: HeatMap): Markup {
  const blocks = serving.length;
  const step = (PLOT.right - PLOT.left) / blocks;
  const height = versions.length * CELL + 26;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img">
    ${versions.map(
      (name, i) =>
        html`<text class="tick" x="${PLOT.left - 8}" y="${i * CELL + 13}" text-anchor="end">${name}</text> ${(
            shades[i] ?? []
          ).map((shade, block) => {
            const served = serving[block] === i;
            const past = block < (from[i] ?? 0);
            return html`<rect
              x="${px(PLOT.left + block * step + 1)}"
              y="${i * CELL + 1}"
              width="${px(step - 2)}"
              height="${CELL - 2}"
              style="fill:var(--candidate);fill-opacity:${(0.06 + 0.84 * shade).toFixed(2)};opacity:${past ? 0.45 : 1};stroke:${served ? 'var(--ink)' : 'none'};stroke-width:2"
              ><title>${titles[i]?.[block] ?? ''}</title></rect
            >`;
          })}`,
    )}
    ${serving.map((_, block) => columnLabel(PLOT.left + (block + 0.5) * step, height - 8, block + 1))}
  </svg>`;
}

/** What each colour is. */
export function drawLegend(lines: readonly Line[]): Markup {
  return html`<p class="legend">
    ${lines.map(({ name, colour }) => html`<span style="--colour:${colour}">${name}</span>`)}
  </p>`;
}
