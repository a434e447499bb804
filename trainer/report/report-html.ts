/**
 * A run report as one HTML page that stands alone: no scripts, no fonts, no requests.
 */
import { compareGravity, unitOf } from '../../shared/continuity/findings/check-result.ts';
import type { CheckResult, Finding, FlippedExample } from '../../shared/continuity/findings/check-result.ts';
import { formatCount, formatDigest, formatMeasure } from '../../shared/continuity/findings/format.ts';
import type { Unit } from '../../shared/continuity/findings/format.ts';
import { html, type Markup } from './page/html-template.ts';
import { forestPlot, lineChart } from './page/report-charts.ts';
import type { ForestRow } from './page/report-charts.ts';
import { forwardSection } from './report-forward.ts';
import { labelSection } from './report-labels.ts';
import { matrixSection } from './report-matrix.ts';
import { type Measure, measureOf } from './report-measure.ts';
import { renderPage } from './page/report-page.ts';
import { reliabilitySection } from './report-reliability.ts';
import { retrySection } from './report-retry.ts';
import { describeDecision, describeTraining, MARKS } from './report-text.ts';
import type { RunReport, TrainingSummary, WindowSummary } from './report.ts';

/** Parts of one check in the figure: the gravest ones; the table below has them all. */
const MAX_PARTS = 12;

/** The page as a string. Every name and message in the report is inserted as text, never as markup. */
export function renderReportHtml(report: RunReport): string {
  const { verdict, model, run, createdAt, reliability, matrix, firstAttempt, forward, apart = [] } = report;
  return renderPage({
    title: `${verdict.verdict} · ${model} · ${run}`,
    content: html`${headline(report)} ${verdict.verdict === 'promote' ? null : reasons(report)}
    ${firstAttempt === undefined ? null : retrySection(report, firstAttempt)}
    ${apart.length === 0 ? null : labelSection(apart)}
    ${forward === undefined ? null : forwardSection(forward)} ${differenceFigure(report)}
    ${rateFigures(report)} ${windowFigure(report)} ${checkSection(verdict.checks)} ${flipSections(report)}
    ${reliability === undefined ? null : reliabilitySection(reliability)}
    ${matrix === undefined ? null : matrixSection(matrix, measureOf(report))}
    ${trainingSection(report.training)}`,
    footer: `run ${run} · ${createdAt}`,
  });
}

function headline(report: RunReport): Markup {
  const { model, run, verdict, champion, candidate, snapshot, createdAt } = report;
  const [word = '', ...why] = describeDecision(report).split(': ');
  const rival =
    champion === null
      ? 'none yet'
      : html`version ${champion.version} <code>${formatDigest(champion.digest)}</code>`;
  const version = candidate.version === null ? null : html`version ${candidate.version} `;
  return html`<header class="${verdict.verdict}">
    <p class="kicker"><b>${model}</b> <span>run ${run}</span></p>
    <h1>${verdict.verdict}</h1>
    <p class="summary">${sentence(verdict.summary)}</p>
    <p class="decision"><b>${why.length === 0 ? word : `${word}:`}</b> ${why.join(': ')}</p>
    <dl>
      <div>
        <dt>Candidate</dt>
        <dd>${version}<code>${formatDigest(candidate.digest)}</code></dd>
      </div>
      <div>
        <dt>Champion</dt>
        <dd>${rival}</dd>
      </div>
      <div>
        <dt>Snapshot</dt>
        <dd><code>${snapshot}</code></dd>
      </div>
      <div>
        <dt>Written</dt>
        <dd>${createdAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</dd>
      </div>
    </dl>
  </header>`;
}

/** The summary without the verdict's word, which stands above it. */
function sentence(summary: string): string {
  const text = summary.replace(/^\w+: /, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function reasons({ verdict }: RunReport): Markup {
  return html`<section>
    <h2>Why</h2>
    <ol class="reasons">
      ${verdict.reasons.map((reason) => html`<li>${reason}</li>`)}
    </ol>
  </section>`;
}

/** The unit of differences from the champion: points of accuracy, or the relative rise of the error. */
function differenceUnit({ target }: RunReport): Unit {
  return target === undefined ? 'points' : 'relative';
}

/** Differences from the champion share one axis; the others would squeeze it. */
function differenceFigure(report: RunReport): Markup | null {
  const unit = differenceUnit(report);
  const rows = report.verdict.checks
    .filter((check) => check.check !== 'baseline' && unitOf(check) === unit)
    .flatMap((check) => forestRows(check, unit));
  if (rows.length === 0) return null;
  return html`<section>
    <h2>Candidate against champion</h2>
    <p class="caption">
      ${unit === 'points' ? 'Difference in percentage points' : "Rise of the error in percent of the champion's"},
      with one-sided bounds on either side. A check passes when its interval stays clear of the shaded side of
      its margin.
    </p>
    <figure>${forestPlot(rows, (tick) => formatMeasure(tick, unit))}</figure>
  </section>`;
}

const UNITS: readonly Unit[] = ['points', 'percent', 'relative', 'score', 'ratio', 'bytes'];

/** One axis for each unit. */
function rateFigures(report: RunReport): Markup | null {
  const { verdict } = report;
  const otherUnits = UNITS.filter((unit) => unit !== differenceUnit(report));
  const baseline = verdict.checks.filter(({ check }) => check === 'baseline');
  const others = verdict.checks.filter(({ check }) => check !== 'baseline');
  const figures = [
    ...otherUnits.map((unit) => ({ unit, rows: others.flatMap((check) => forestRows(check, unit)) })),
    ...UNITS.map((unit) => ({ unit, rows: baseline.flatMap((check) => forestRows(check, unit)) })),
  ].filter(({ rows }) => rows.length > 0);
  if (figures.length === 0) return null;
  return html`<section>
    <h2>Rates, scores and baselines</h2>
    ${figures.map(
      ({ unit, rows }) => html`<figure>${forestPlot(rows, (tick) => formatMeasure(tick, unit))}</figure>`,
    )}
  </section>`;
}

/** Checks whose own numbers are not simply those of their gravest part, or whose title says so already. */
const OWN_HEAD = new Set(['worst-window', 'negative-flips', 'baseline']);

/** The check and its gravest parts, as far as they are in this unit. */
function forestRows(check: CheckResult, unit: Unit): ForestRow[] {
  const all = (check.parts ?? []).filter((part) => unitOf(part) === unit);
  const gravest = new Set([...all].sort(compareGravity).slice(0, MAX_PARTS));
  const several = (check.parts ?? []).length > 1;
  const parts = several ? all.filter((part) => gravest.has(part)) : [];
  const title = several && !OWN_HEAD.has(check.check) ? `${check.title}, worst` : check.title;
  const head = unitOf(check) === unit ? forestRow(check, title, false) : [];
  return [...head, ...parts.flatMap((part) => forestRow(part, part.id, true))];
}

/** [] for a finding without numbers. */
function forestRow(finding: Finding, label: string, indented: boolean): ForestRow[] {
  const { estimate, lower, upper, margin, passes, verdict } = finding;
  if (estimate === null || lower === null || upper === null || margin === null) return [];
  const numbers = `${formatMeasure(estimate, unitOf(finding))}  ${interval(finding)}`;
  return [{ label, indented, estimate, lower, upper, margin, passes, verdict, numbers }];
}

/** Empty for a fact, whose bounds are its value. */
function interval(finding: Finding): string {
  const { lower, upper } = finding;
  const unit = unitOf(finding);
  return lower === null || upper === null || lower === upper
    ? ''
    : `[${formatMeasure(lower, unit)}, ${formatMeasure(upper, unit)}]`;
}

function windowFigure(report: RunReport): Markup {
  const { windows } = report;
  const measure = measureOf(report);
  const squared = windows.some(({ rmse }) => rmse !== undefined);
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Window</th>
          <th class="number">Examples</th>
          <th class="number">Champion</th>
          <th class="number">Candidate</th>
          <th class="number">Change</th>
          ${
            squared
              ? html`<th class="number">Champion's RMSE</th>
                  <th class="number">Candidate's RMSE</th>`
              : null
          }
        </tr>
      </thead>
      <tbody>
        ${windows.map((window) => windowRow(window, measure))}
      </tbody>
    </table>
  </div>`;
  return html`<section>
    <h2>${measure.title}, window by window</h2>
    ${
      windows.length < 2
        ? table
        : html`${windowChart(windows, measure)}
            <details>
              <summary>Numbers</summary>
              ${table}
            </details>`
    }
  </section>`;
}

function windowChart(windows: readonly WindowSummary[], { format }: Measure): Markup {
  const compared = windows.some(({ champion }) => champion !== null);
  const series = [
    { name: 'Champion', className: 'champion', values: windows.map(({ champion }) => champion) },
    { name: 'Candidate', className: 'candidate', values: windows.map(({ candidate }) => candidate) },
  ];
  const chart = lineChart({
    series: compared ? series : series.slice(1),
    labels: windows.map(({ id }) => id),
    format,
    height: 260,
    highlight: windows.length - 1,
  });
  return html`<p class="legend">
      ${compared ? html`<span class="champion">Champion</span> ` : null}<span class="candidate"
        >Candidate</span
      >
      <span class="highlight">Current window</span>
    </p>
    <figure>${chart}</figure>`;
}

function windowRow(
  { id, kind, n, champion, candidate, rmse }: WindowSummary,
  { format, formatChange }: Measure,
): Markup {
  return html`<tr>
    <td>${id}${kind === 'current' ? ' (current)' : ''}</td>
    <td class="number">${formatCount(n)}</td>
    <td class="number">${champion === null ? '–' : format(champion)}</td>
    <td class="number">${format(candidate)}</td>
    <td class="number">${champion === null ? '' : formatChange(candidate, champion)}</td>
    ${
      rmse === undefined
        ? null
        : html`<td class="number">${rmse.champion === null ? '–' : format(rmse.champion)}</td>
            <td class="number">${format(rmse.candidate)}</td>`
    }
  </tr>`;
}

function checkSection(checks: readonly CheckResult[]): Markup | null {
  if (checks.length === 0) return null;
  return html`<section>
    <h2>Checks</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            <th>Check</th>
            <th class="number">Estimate</th>
            <th class="number">Interval</th>
            <th class="number">Needs</th>
            <th class="number">Examples</th>
          </tr>
        </thead>
        <tbody>
          ${checks.map(checkRow)}
        </tbody>
      </table>
    </div>
  </section>`;
}

function checkRow(check: CheckResult): Markup {
  const parts = check.parts ?? [];
  return html`<tr class="${check.verdict}">
      <td>${mark(check)}</td>
      <td><b>${check.title}</b></td>
      ${numberCells(check)}
    </tr>
    <tr class="detail">
      <td></td>
      <td colspan="5">
        ${check.detail}${
          parts.length < 2
            ? null
            : html`<details>
                <summary>${parts.length} parts</summary>
                <table>
                  ${parts.map(
                    (part) =>
                      html`<tr class="${part.verdict}">
                        <td>${mark(part)}</td>
                        <td>${part.detail}</td>
                      </tr>`,
                  )}
                </table>
              </details>`
        }
      </td>
    </tr>`;
}

function mark({ verdict }: Finding): Markup {
  return html`<span class="mark" title="${verdict}">${MARKS[verdict]}</span>`;
}

function numberCells(finding: Finding): Markup {
  const { estimate, margin, passes, n } = finding;
  const needs =
    margin === null ? '' : `${passes === 'above' ? '>' : '≤'} ${formatMeasure(margin, unitOf(finding))}`;
  return html`<td class="number">${formatMeasure(estimate, unitOf(finding))}</td>
    <td class="number">${interval(finding)}</td>
    <td class="number">${needs}</td>
    <td class="number">${n === 0 ? '' : formatCount(n)}</td>`;
}

interface FlipKind {
  readonly title: string;
  /** what is true of each of them */
  readonly meaning: (target: string) => string;
}

/** What each check that lists flips calls them. */
const FLIP_KINDS: Readonly<Record<string, FlipKind>> = {
  'negative-flips': {
    title: 'Examples that flipped',
    meaning: () => 'that the champion got right and the candidate gets wrong',
  },
  worsened: {
    title: 'Examples that became worse',
    meaning: (target) =>
      `whose ${target} the candidate misses by more than the champion did, and by more than is overlooked`,
  },
  'reported-flips': {
    title: 'Reported flips that are back',
    meaning: () => 'that users reported, that the champion gets right and the candidate gets wrong again',
  },
};

function flipSections({ verdict, target, pictures = {} }: RunReport): Markup[] {
  return verdict.checks.flatMap(({ check, flips }) => {
    const kind = FLIP_KINDS[check];
    if (kind === undefined || flips === undefined || flips.total === 0) return [];
    return [flipSection(kind, flips, target, pictures)];
  });
}

function flipSection(
  { title, meaning }: FlipKind,
  { total, examples }: NonNullable<CheckResult['flips']>,
  target: RunReport['target'],
  pictures: Readonly<Record<string, string>>,
): Markup {
  const pictured = examples.some(({ id }) => pictureOf(id, pictures) !== null);
  const listed = total > examples.length ? `; the first ${examples.length} are listed` : '';
  return html`<section>
    <h2>${title}</h2>
    <p class="caption">${`${formatCount(total)} ${meaning(target?.name ?? '')}${listed}.`}</p>
    <div class="scroll flips">
      <table>
        <thead>
          <tr>
            ${pictured ? html`<th></th>` : null}
            <th>Window</th>
            <th>Example</th>
            ${
              target === undefined
                ? html`<th>Label, and champion's answer</th>`
                : html`<th>Target</th>
                    <th>Champion's answer</th>`
            }
            <th>Candidate's answer</th>
          </tr>
        </thead>
        <tbody>
          ${examples.map((flip) => flipRow(flip, pictured ? pictures : null))}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** Only pictures, and only embedded ones: the page makes no requests. */
const PICTURE_URI = /^data:image\/(?:png|jpeg|gif|webp|bmp);base64,[A-Za-z0-9+/=]+$/;

function pictureOf(id: string, pictures: Readonly<Record<string, string>>): string | null {
  const uri = Object.hasOwn(pictures, id) ? pictures[id] : undefined;
  return uri !== undefined && PICTURE_URI.test(uri) ? uri : null;
}

/** @param pictures  null when no example has one */
function flipRow(
  { window, id, label, champion, candidate }: FlippedExample,
  pictures: Readonly<Record<string, string>> | null,
): Markup {
  const uri = pictures && pictureOf(id, pictures);
  const picture = uri === null ? '' : html`<img src="${uri}" alt="example ${id}" />`;
  return html`<tr>
    ${pictures === null ? null : html`<td class="picture">${picture}</td>`}
    <td>${window}</td>
    <td><code>${id}</code></td>
    <td>${label}</td>
    ${champion === undefined ? null : html`<td>${champion}</td>`}
    <td>${candidate}</td>
  </tr>`;
}

function trainingSection(training: TrainingSummary): Markup {
  const { seconds, seed, loss } = training;
  const validated = loss.some(({ validation }) => validation !== null);
  const series = [
    { name: 'Training', className: 'candidate', values: loss.map(({ training }) => training) },
    { name: 'Validation', className: 'champion', values: loss.map(({ validation }) => validation) },
  ];
  const chart = lineChart({
    series: validated ? series : series.slice(0, 1),
    labels: loss.map(({ epoch }) => `epoch ${epoch}`),
    format: (value) => String(Number(value.toPrecision(3))),
    height: 200,
  });
  return html`<section>
    <h2>Training</h2>
    <p class="caption">${describeTraining(training)}, ${seconds.toFixed(1)} seconds, seed ${seed}.</p>
    ${
      loss.length < 2
        ? null
        : html`<p class="legend">
              <span class="candidate">Training loss</span>
              ${validated ? html`<span class="champion">Validation loss</span>` : null}
            </p>
            <figure>${chart}</figure>`
    }
  </section>`;
}
