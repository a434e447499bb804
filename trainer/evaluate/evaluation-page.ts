/**
 * An evaluation as one HTML page that stands alone: measures, confusion, classes, slices.
 */
import { html, type Markup } from '../report/page/html-template.ts';
import { renderPage } from '../report/page/report-page.ts';
import type { ClassificationMeasures } from './class-measures.ts';
import type { Evaluation } from './evaluate-file.ts';
import { describeMeasures, formatMeasure, headline } from './measure-text.ts';

export interface EvaluatedFile extends Evaluation {
  readonly model: string;
  readonly version: number;
  /** The file's name. */
  readonly file: string;
  /** None of a regression. */
  readonly labels: readonly string[];
  /** Of a regression; null of classes. */
  readonly unit: string | null;
}

/** More classes than this are not drawn as a matrix. */
const MOST_DRAWN = 40;

/** HTML, with everything it shows inside. */
export function renderEvaluation(evaluated: EvaluatedFile): string {
  const { model, version, file, measures, slices, rejected, labels, unit } = evaluated;
  const more = rejected === 0 ? '' : `, ${rejected} rows could not be read`;
  return renderPage({
    title: `${model}: version ${version} on ${file}`,
    content: html`<header>
        <p class="kicker"><b>${model}</b> <span>version ${version} on ${file}</span></p>
        <p class="summary">${headline(measures, unit)}.</p>
        <p class="decision">${measures.n} examples${more}.</p>
      </header>
      <section>
        <h2>Measures</h2>
        ${factTable(describeMeasures(measures, unit))}
      </section>
      ${measures.task === 'classification' ? classSections(measures, labels) : null}
      ${
        slices.length === 0
          ? null
          : html`<section>
              <h2>By value</h2>
              ${grid(
                ['Feature', 'Value', 'Examples', 'Measures'],
                slices.map((slice) => [
                  slice.feature,
                  slice.value,
                  String(slice.measures.n),
                  headline(slice.measures, unit),
                ]),
              )}
            </section>`
      }`,
    footer: `version ${version} of ${model}`,
  });
}

function classSections(measures: ClassificationMeasures, labels: readonly string[]): Markup {
  const rows = measures.classes.map(({ n, precision, recall, f1, auc }, k) => [
    labels[k] ?? String(k),
    String(n),
    ...[precision, recall, f1, auc].map(formatMeasure),
  ]);
  return html`<section>
      <h2>Classes</h2>
      ${grid(['Label', 'Examples', 'Precision', 'Recall', 'F1', 'AUC'], rows)}
    </section>
    ${
      labels.length > MOST_DRAWN
        ? null
        : html`<section>
            <h2>Confusion</h2>
            <p class="caption">A row is the truth, a column the answer.</p>
            ${grid(
              ['', ...labels],
              measures.confusion.map((row, k) => [labels[k] ?? String(k), ...row.map(String)]),
            )}
          </section>`
    }`;
}

function factTable(facts: readonly (readonly [string, string])[]): Markup {
  return grid(
    ['Measure', 'Value'],
    facts.map(([name, value]) => [name, value]),
  );
}

/** The first column is text, the others are numbers. */
function grid(titles: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${titles.map((title, i) => html`<th class="${i === 0 ? '' : 'number'}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, i) => html`<td class="${i === 0 ? '' : 'number'}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
