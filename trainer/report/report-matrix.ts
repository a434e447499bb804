/**
 * The report's accuracy matrix: every version on every window, darker where better, framed where it was learnt.
 */
import type { MatrixVersion } from '../pipeline/judge/accuracy-matrix.ts';
import { html, type Markup } from './page/html-template.ts';
import type { Measure } from './report-measure.ts';
import type { MatrixSummary } from './report.ts';

/** The matrix as a table, with the three measures of continual learning that follow from it. */
export function matrixSection(matrix: MatrixSummary, measure: Measure): Markup {
  const { windows, versions, metrics } = matrix;
  const known = versions.flatMap(({ accuracy }) => accuracy.filter((value) => value !== null));
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const scale: Scale = measure.lessIsBetter ? [most, least] : [least, most];
  const change = (value: number | null): string =>
    value === null ? 'not known' : measure.formatDifference(value);
  return html`<section>
    <h2>Versions on windows</h2>
    <p class="caption">
      ${measure.title} of each version on each window; framed where the version had just learnt it. Mean over
      the windows of the last version (${measure.lessIsBetter ? 'MAE' : 'ACC'})
      ${metrics.acc === null ? 'not known' : measure.format(metrics.acc)}; change on each window since it was
      learnt (BWT, over T − 1 windows) ${change(metrics.bwt)}; head start before it was learnt (FWT, over T −
      1 windows)
      ${change(metrics.fwt)}.${measure.lessIsBetter ? ' Of errors, above 0 is forgetting, and below 0 a head start.' : ''}
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
          ${versions.map((version) => matrixRow(version, scale, measure))}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** The score that is lightest, and the one that is darkest: the best. */
type Scale = readonly [lightest: number, darkest: number];

function matrixRow({ version, learned, accuracy }: MatrixVersion, scale: Scale, measure: Measure): Markup {
  return html`<tr>
    <td>${version}</td>
    ${accuracy.map((value, window) => matrixCell(value, window === learned, scale, measure))}
  </tr>`;
}

/** Shades from 0 to 5, worst to best in the table. */
const SHADES = 5;

function matrixCell(
  value: number | null,
  learned: boolean,
  [lightest, darkest]: Scale,
  { format }: Measure,
): Markup {
  if (value === null) return html`<td class="number">–</td>`;
  const shade = Math.round((SHADES * (value - lightest)) / (darkest - lightest || 1));
  return html`<td class="number shade-${shade}${learned ? ' learned' : ''}">${format(value)}</td>`;
}
