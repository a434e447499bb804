import { expect, test } from 'vitest';
import { renderReportHtml } from '../../../trainer/report/report-html.ts';
import { renderReportText } from '../../../trainer/report/report-text.ts';
import { evidenceOf } from '../../shared/continuity/make-evidence.ts';
import { reportOf } from './make-report.ts';

const kept = { gains: 10, losses: 10, n: 2_000 };
const report = {
  ...reportOf(evidenceOf([kept], kept)),
  apart: [
    {
      fromMs: Date.parse('2026-11-23T01:00:00Z'),
      toMs: Date.parse('2026-11-24T02:30:00Z'),
      status: 'held' as const,
      examples: 1_200,
      reason: "of 89 that look like '<7>', 80 are labelled '1'",
      sample: ['night-1'],
    },
  ],
};
const SENTENCE =
  "1,200 labels of 2026-11-23 01:00 to 2026-11-24 02:30 UTC, kept apart: of 89 that look like '<7>', 80 are labelled '1'";

test('names the labels that neither trained nor judged, with examples', () => {
  expect(renderReportText(report, { colour: false, width: 1_000 })).toContain(
    `Labels that are kept apart\n· ${SENTENCE}`,
  );
  const page = renderReportHtml(report);
  expect(page).toContain('Labels that are kept apart');
  expect(page).toContain('&lt;7&gt;');
  expect(page).toContain('<code>night-1</code>');
});

test('says nothing where all are believed', () => {
  const { apart: _, ...plain } = report;
  expect(renderReportText(plain, { colour: false, width: 100 })).not.toContain('kept apart');
  expect(renderReportHtml(plain)).not.toContain('kept apart');
});
