import { expect, test } from 'vitest';
import { renderReportHtml } from '../../../trainer/report/report-html.ts';
import { renderReportText } from '../../../trainer/report/report-text.ts';
import { evidenceOf } from '../../shared/continuity/make-evidence.ts';
import { reportOf, retriedReportOf } from './make-report.ts';

const first = evidenceOf([{ gains: 250, losses: 200, n: 2_000 }], { gains: 300, losses: 200, n: 2_000 });
const second = evidenceOf([{ gains: 60, losses: 40, n: 2_000 }], { gains: 100, losses: 40, n: 2_000 });
const report = retriedReportOf(first, second);

test('says what the first candidate was refused for, how it was trained again, and what came of it', () => {
  const text = renderReportText(report, { colour: false, width: 1_000 });
  expect(text).toContain(
    'Second candidate of this run; the first was sha256:first\n' +
      'Refused for its flips (negative flips 10.0 %, budget 5.0 %), trained again with distillation from the champion at 2 instead of 0.5 beside the labels: negative flips 2.0 %; current window 98.0 %, before 90.0 %.',
  );
});

test('stands on the page with every reason the first was refused for, as text', () => {
  const { firstAttempt } = report;
  if (firstAttempt === undefined) throw new Error('expected two attempts');
  const verdict = { ...firstAttempt.verdict, reasons: ['Negative flips: <b>many</b>'] };
  const page = renderReportHtml({ ...report, firstAttempt: { ...firstAttempt, verdict } });
  expect(page).toContain('The second candidate of this run');
  expect(page).toContain('negative flips 10.0 %, budget 5.0 %');
  expect(page).toContain('Negative flips: &lt;b&gt;many&lt;/b&gt;');
});

test('says nothing of a run that tried once', () => {
  expect(renderReportText(reportOf(second), { colour: false, width: 100 })).not.toContain('Second candidate');
  expect(renderReportHtml(reportOf(second))).not.toContain('second candidate');
});
