/**
 * The report's account of a candidate that was trained again: what the first one was refused for, and what became of it.
 */
import { unitOf } from '../../shared/continuity/findings/check-result.ts';
import type { CheckResult } from '../../shared/continuity/findings/check-result.ts';
import { flipsAlone } from '../../shared/continuity/flips-alone.ts';
import { formatDigest, formatMeasure } from '../../shared/continuity/findings/format.ts';
import { html, type Markup } from './page/html-template.ts';
import { measureOf } from './report-measure.ts';
import type { FirstAttempt, RunReport } from './report.ts';

/**
 * `Refused for its flips (negative flips 7.1 %, budget 5.0 %), trained again with distillation from the champion at 2
 * instead of 0.5 beside the labels: negative flips 3.1 %; current window 81.2 %, before 81.4 %.`
 */
export function describeRetry(report: RunReport, first: FirstAttempt): string {
  const standing = flipsAlone(first.verdict);
  const word = first.verdict.verdict === 'hold' ? 'Held' : 'Refused';
  const before = standing.map((check) => `${describeFlips(check)}, budget ${measure(check, check.margin)}`);
  const after = report.verdict.checks
    .filter(({ check }) => standing.some((other) => other.check === check))
    .map(describeFlips);
  const { second, first: weight } = first.distillation;
  return (
    `${word} for its flips (${before.join('; ')}), trained again with distillation from the champion at ${second} ` +
    `instead of ${weight} beside the labels: ${[...after, describeCurrent(report, first)].join('; ')}.`
  );
}

function describeFlips(check: CheckResult): string {
  return `${check.title.toLowerCase()} ${measure(check, check.estimate)}`;
}

function measure(check: CheckResult, value: number | null): string {
  return value === null ? 'not measured' : formatMeasure(value, unitOf(check));
}

function describeCurrent(report: RunReport, first: FirstAttempt): string {
  const { format } = measureOf(report);
  const [now, before] = [report.windows.at(-1), first.windows.at(-1)];
  return now === undefined || before === undefined
    ? 'no current window'
    : `current window ${format(now.candidate)}, before ${format(before.candidate)}`;
}

/** Why there is a second candidate, and the first one's reasons one by one. */
export function retrySection(report: RunReport, first: FirstAttempt): Markup {
  return html`<section>
    <h2>The second candidate of this run</h2>
    <p class="caption">
      ${describeRetry(report, first)} Both were judged on the same terms, and both count as candidates. The
      first,
      <code>${formatDigest(first.digest)}</code>, did not become a version; the rest of this page is about the
      second.
    </p>
    <ol class="reasons">
      ${first.verdict.reasons.map((reason) => html`<li>${reason}</li>`)}
    </ol>
  </section>`;
}
