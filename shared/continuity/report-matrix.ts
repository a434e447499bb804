/**
 * The report's accuracy matrix: every version on every window, darker where more accurate, framed where it was learnt.
 */
import type { MatrixVersion } from './accuracy-matrix.ts';
import { formatPercent, formatSignedPoints } from './format.ts';
import { html } from './html-template.ts';
import type { Markup } from './html-template.ts';
import type { MatrixSummary } from './report.ts';

export function matrixSection(matrix: MatrixSummary): Markup {
  const { windows, versions, metrics } = matrix;
  const known = versions.flatMap(({ accuracy }) => accuracy.filter((value) => value !== null));
  const range = [Math.min(...known), Math.max(...known)] as const;
  return html`<section>
    <h2>Versions on windows</h2>
    <p class="caption">
      Accuracy of each version on each window; framed where the version had just learnt it. Mean accuracy of
      the last version (ACC) ${formatShare(metrics.acc)}; change on each window since it was learnt (BWT, over
      T − 1 windows) ${formatChange(metrics.bwt)}; head start before it was learnt (FWT, over T − 1 windows)
      ${formatChange(metrics.fwt)}.
    </p>
    <div class="scroll">
      <table class="matrix">
        <thead>
          <tr>
            <th>Version</th>
            ${windows.map((window) => html`<th class="number">${window}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${versions.map((version) => matrixRow(version, range))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function matrixRow({ version, learned, accuracy }: MatrixVersion, range: readonly [number, number]): Markup {
  return html`<tr>
    <td>${version}</td>
    ${accuracy.map((value, window) => matrixCell(value, window === learned, range))}
  </tr>`;
}

/** Shades from 0 to 5, lowest to highest accuracy in the table. */
const SHADES = 5;

function matrixCell(value: number | null, learned: boolean, [low, high]: readonly [number, number]): Markup {
  if (value === null) return html`<td class="number">–</td>`;
  const shade = Math.round((SHADES * (value - low)) / (high - low || 1));
  return html`<td class="number shade-${shade}${learned ? ' learned' : ''}">${formatPercent(value)}</td>`;
}

function formatShare(value: number | null): string {
  return value === null ? 'not known' : formatPercent(value);
}

function formatChange(value: number | null): string {
  return value === null ? 'not known' : `${formatSignedPoints(value)} points`;
}
