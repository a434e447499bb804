/**
 * A run report for the terminal.
 */
import { unitOf } from '../../shared/continuity/findings/check-result.ts';
import type { CheckResult, CheckVerdict } from '../../shared/continuity/findings/check-result.ts';
import {
  formatCount,
  formatDigest,
  formatMeasure,
  formatPoints,
} from '../../shared/continuity/findings/format.ts';
import { describeStanding, describeTrust, percent, signedPoints } from './report-forward.ts';
import { describeApart } from './report-labels.ts';
import { describeRetry } from './report-retry.ts';
import { measureOf } from './report-measure.ts';
import type { RunReport, TrainingSummary } from './report.ts';

export interface TextOptions {
  /** ANSI colours */
  readonly colour: boolean;
  /** columns of the terminal */
  readonly width: number;
}

type Paint = 'bold' | 'dim' | 'green' | 'red' | 'yellow';
type Painter = (paint: Paint, text: string) => string;

const ANSI: Readonly<Record<Paint, number>> = { bold: 1, dim: 2, green: 32, red: 31, yellow: 33 };

export const MARKS: Readonly<Record<CheckVerdict, string>> = { pass: '✓', fail: '✗', hold: '…', skip: '–' };

const MARK_PAINT: Readonly<Record<CheckVerdict, Paint>> = {
  pass: 'green',
  fail: 'red',
  hold: 'yellow',
  skip: 'dim',
};

const VERDICT_PAINT = { promote: 'green', reject: 'red', hold: 'yellow' } as const;

const BARS = '▁▂▃▄▅▆▇█';
const MAX_BARS = 40;
const MIN_WIDTH = 40;

/** The report as lines that fit the width; a name longer than its column is cut with `…`. */
export function renderReportText(report: RunReport, { colour, width }: TextOptions): string {
  const paint: Painter = (name, text) => (colour ? `\u001B[${ANSI[name]}m${text}\u001B[0m` : text);
  const columns = Math.max(width, MIN_WIDTH);
  const sections = [
    heading(report, columns, paint),
    checkTable(report.verdict.checks, columns, paint),
    reasonList(report, columns, paint),
    retryLines(report, columns, paint),
    apartLines(report, columns, paint),
    forwardLines(report, columns, paint),
    windowTable(report, paint),
    evidenceLines(report),
    trainingLine(report.training),
    decisionLine(report, columns, paint),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading(
  { model, run, champion, candidate, snapshot, verdict }: RunReport,
  width: number,
  paint: Painter,
): string[] {
  const rival =
    champion === null ? 'none yet' : `version ${champion.version}, ${formatDigest(champion.digest)}`;
  const name = candidate.version === null ? '' : `version ${candidate.version}, `;
  const word = verdict.verdict.toUpperCase();
  const [first = '', ...rest] = wrap(verdict.summary.replace(/^\w+: /, ''), width - word.length - 3);
  return [
    `${paint('bold', model)}  ${paint('dim', `run ${run}`)}`,
    paint('dim', `candidate  ${name}${formatDigest(candidate.digest)}`),
    paint('dim', `champion   ${rival}`),
    paint('dim', `snapshot   ${snapshot}`),
    '',
    `${paint(VERDICT_PAINT[verdict.verdict], paint('bold', ` ${word} `))} ${first}`,
    ...rest.map((line) => ' '.repeat(word.length + 3) + line),
  ];
}

function checkTable(checks: readonly CheckResult[], width: number, paint: Painter): string[] {
  if (checks.length === 0) return [];
  const rows = checks.map((check) => [
    check.title,
    formatMeasure(check.estimate, unitOf(check)),
    check.lower === null || check.upper === null || check.lower === check.upper
      ? ''
      : `[${formatMeasure(check.lower, unitOf(check))}, ${formatMeasure(check.upper, unitOf(check))}]`,
    check.margin === null
      ? ''
      : `${check.passes === 'above' ? '>' : '≤'} ${formatMeasure(check.margin, unitOf(check))}`,
    check.n === 0 ? '' : formatCount(check.n),
  ]);
  const lines = alignColumns([['Check', 'Estimate', 'Interval', 'Needs', 'Examples'], ...rows]);
  return lines.map((line, i) => {
    const check = checks[i - 1];
    if (check === undefined) return paint('dim', `  ${cut(line, width - 2)}`);
    const mark = paint(MARK_PAINT[check.verdict], MARKS[check.verdict]);
    if (check.verdict !== 'skip') return `${mark} ${cut(line, width - 2)}`;
    return `${mark} ${paint('dim', cut(`${line}  (${check.detail})`, width - 2))}`;
  });
}

function reasonList({ verdict }: RunReport, width: number, paint: Painter): string[] {
  if (verdict.verdict === 'promote') return [];
  return [
    paint('bold', 'Why'),
    ...verdict.reasons.flatMap((reason) =>
      wrap(reason, width - 2).map((line, i) => `${i === 0 ? '· ' : '  '}${line}`),
    ),
  ];
}

function apartLines({ apart = [] }: RunReport, width: number, paint: Painter): string[] {
  if (apart.length === 0) return [];
  return [
    paint('bold', 'Labels that are kept apart'),
    ...describeApart(apart).flatMap((sentence) =>
      wrap(sentence, width - 2).map((line, i) => `${i === 0 ? '· ' : '  '}${line}`),
    ),
  ];
}

/** Who stands beside the champion on what came in since. */
function forwardLines({ forward }: RunReport, width: number, paint: Painter): string[] {
  if (forward === undefined) return [];
  const { contenders, champion } = forward;
  const rows = contenders.map(({ version, kind, n, gains, losses, mean, progress }) => [
    kind === 'challenger' ? `version ${version}` : `version ${version}, before`,
    formatCount(n),
    n === 0 ? '' : `+${formatCount(gains)}`,
    n === 0 ? '' : `−${formatCount(losses)}`,
    n === 0 ? '' : signedPoints(mean),
    n === 0 || progress === null ? '' : percent(progress),
  ]);
  const [header = '', ...lines] = alignColumns([
    [`Beside version ${champion}`, 'Labels', 'Won', 'Lost', 'Points', 'Evidence'],
    ...rows,
  ]);
  return [
    paint('bold', 'What came in since'),
    ...wrap(describeTrust(forward), width),
    ...(contenders.length === 0 ? [] : [paint('dim', `  ${header}`)]),
    ...lines.map((line, i) =>
      cut(`  ${line}  ${describeStanding(contenders[i] as (typeof contenders)[number])}`, width),
    ),
  ];
}

function retryLines(report: RunReport, width: number, paint: Painter): string[] {
  const { firstAttempt } = report;
  if (firstAttempt === undefined) return [];
  const title = `Second candidate of this run; the first was ${formatDigest(firstAttempt.digest)}`;
  return [paint('bold', title), ...wrap(describeRetry(report, firstAttempt), width)];
}

function windowTable(report: RunReport, paint: Painter): string[] {
  const { format, formatChange, title } = measureOf(report);
  const rows = report.windows.map(({ id, kind, n, champion, candidate }) => [
    kind === 'current' ? `${id} (current)` : id,
    formatCount(n),
    champion === null ? '–' : format(champion),
    format(candidate),
    champion === null ? '' : formatChange(candidate, champion),
  ]);
  const [header = '', ...lines] = alignColumns([
    ['Window', 'Examples', 'Champion', 'Candidate', 'Change'],
    ...rows,
  ]);
  const measure = report.target === undefined ? [] : [paint('dim', `  ${title}`)];
  return [...measure, paint('dim', `  ${header}`), ...lines.map((line) => `  ${line}`)];
}

/** One line each of what the page shows as figures: calibration, the matrix's numbers. */
function evidenceLines(report: RunReport): string[] {
  const { reliability, matrix } = report;
  const measure = measureOf(report);
  const lines: string[] = [];
  if (reliability !== undefined) {
    const { candidate, champion } = reliability;
    const before = champion === null ? '' : `, champion ${formatPoints(champion.error)}`;
    lines.push(`Calibration error  candidate ${formatPoints(candidate.error)} points${before}`);
  }
  if (matrix !== undefined) {
    const { acc, bwt, fwt } = matrix.metrics;
    const show = (value: number | null, format: (value: number) => string) =>
      value === null ? '–' : format(value);
    lines.push(
      `Versions           ${measure.lessIsBetter ? 'MAE' : 'ACC'} ${show(acc, measure.format)}, BWT ${show(bwt, measure.formatDifference)}, FWT ${show(fwt, measure.formatDifference)}`,
    );
  }
  return lines;
}

/** `10,000 of 14,273 examples, 40 epochs (the last was the best: more may be better)` */
export function describeTraining({ examples, of, epochs, unfinished }: TrainingSummary): string {
  const drawn = of === undefined ? formatCount(examples) : `${formatCount(examples)} of ${formatCount(of)}`;
  return `${drawn} examples, ${epochs} epochs${unfinished ? ' (the last was the best: more may be better)' : ''}`;
}

function trainingLine(training: TrainingSummary): string[] {
  const { seconds, seed, loss } = training;
  const facts = `Training  ${describeTraining(training)}, ${seconds.toFixed(1)} s, seed ${seed}`;
  const [first, last] = [loss[0], loss.at(-1)];
  if (first === undefined || last === undefined) return [facts];
  const curve = sparkline(loss.map(({ training }) => training));
  return [facts, `Loss      ${first.training.toPrecision(3)} → ${last.training.toPrecision(3)}  ${curve}`];
}

/** Whether the alias moved, and why: without what the summary above it has said already. */
export function describeDecision({ decision: { promoted, why }, verdict }: RunReport): string {
  const word = promoted ? 'Promoted' : 'Not promoted';
  const rest = why.startsWith(verdict.summary)
    ? why.slice(verdict.summary.length).replace(/^[.;] */, '')
    : why.replace(/^Promote: /, '');
  return rest === '' ? word : `${word}: ${rest}`;
}

function decisionLine(report: RunReport, width: number, paint: Painter): string[] {
  const [word = '', ...said] = describeDecision(report).split(': ');
  if (said.length === 0) return [paint('bold', word)];
  const [first = '', ...rest] = wrap(said.join(': '), width - word.length - 2);
  return [`${paint('bold', word)}: ${first}`, ...rest.map((line) => ' '.repeat(word.length + 2) + line)];
}

/** Bars from the lowest to the highest value, thinned to at most 40. */
function sparkline(values: readonly number[]): string {
  const step = Math.max(1, Math.ceil(values.length / MAX_BARS));
  const shown = values.filter((_, i) => i % step === 0);
  const low = Math.min(...shown);
  const range = Math.max(...shown) - low || 1;
  return shown.map((value) => BARS[Math.round(((value - low) / range) * (BARS.length - 1))] ?? ' ').join('');
}

/** The first column to the left, the others to the right, two spaces between. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
