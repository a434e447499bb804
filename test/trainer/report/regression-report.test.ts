import { expect, test } from 'vitest';
import type { RegressionEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { decideAnyGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import {
  meanAbsoluteError,
  rootMeanSquareError,
  rSquared,
} from '../../../shared/continuity/measures/errors.ts';
import { renderReportHtml } from '../../../trainer/report/report-html.ts';
import { reportSchema } from '../../../trainer/report/report-schema.ts';
import { renderReportText } from '../../../trainer/report/report-text.ts';
import { type RunReport, summarizeMatrix, summarizeWindows } from '../../../trainer/report/report.ts';
import { evidenceOf } from '../../shared/continuity/make-evidence.ts';
import { regressionOf, withoutRegressionChampion } from '../../shared/continuity/make-regression.ts';
import { reportOf } from './make-report.ts';

const policy = gatePolicySchema.parse({});

function regressionReport(evidence: RegressionEvidence): RunReport {
  return {
    ...reportOf(evidenceOf([], { gains: 0, losses: 0, n: 200 })),
    target: { name: 'rent', unit: 'EUR' },
    verdict: decideAnyGate(evidence, policy),
    windows: summarizeWindows(evidence),
    matrix: summarizeMatrix({
      windows: ['past-0', 'now'],
      untrained: [9, 9],
      versions: [
        { version: 1, learned: 0, accuracy: [2, 4] },
        { version: 2, learned: 1, accuracy: [2.5, 1] },
      ],
    }),
  };
}

test('errors and R² against numbers worked by hand', () => {
  const [targets, predictions] = [Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 2, 5, 2)];
  expect(meanAbsoluteError(targets, predictions)).toBe(1);
  expect(rootMeanSquareError(targets, predictions)).toBe(Math.sqrt(2));
  expect(rSquared(targets, predictions)).toBeCloseTo(1 - 8 / 5, 12);
  expect(rSquared(Float64Array.of(3, 3), Float64Array.of(3, 3))).toBe(0);
  expect(meanAbsoluteError(new Float64Array(), new Float64Array())).toBe(0);
});

test('every window has both errors of both models, and the report keeps to its schema', () => {
  const report = regressionReport(regressionOf(300, 0.5));
  const [first] = report.windows;
  expect(first?.candidate).toBeCloseTo((first?.champion as number) / 2, 1);
  expect(first?.rmse?.candidate).toBeGreaterThan(first?.candidate as number);
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toMatchObject({ target: { name: 'rent' } });
});

test('a first model has no errors to compare with', () => {
  const [first] = summarizeWindows(withoutRegressionChampion(regressionOf(300, 0.5)));
  expect(first).toMatchObject({ champion: null, rmse: { champion: null } });
});

test("the page speaks of errors, in the target's unit, and of what became worse", () => {
  const page = renderReportHtml(regressionReport(regressionOf(300, 2.5)));
  for (const text of [
    'Mean absolute error of rent, window by window',
    'Rise of the error in percent of the champion',
    'Examples that became worse',
    's RMSE',
    '2.5 EUR',
    'above 0 is forgetting',
  ])
    expect(page).toContain(text);
  expect(page).not.toContain('Accuracy');
});

test('the smallest error of the matrix is its darkest cell', () => {
  const page = renderReportHtml(regressionReport(regressionOf(300, 1)));
  expect(page).toMatch(/class="number shade-5 learned"[^>]*>1 EUR/);
  expect(page).toMatch(/class="number shade-0"[^>]*>4 EUR/);
});

test('the terminal has the same numbers', () => {
  const text = renderReportText(regressionReport(regressionOf(300, 0.5)), { colour: false, width: 120 });
  expect(text).toMatch(/Mean absolute error of rent\n +Window/);
  expect(text).toMatch(/now \(current\) +300 +[\d.]+ EUR +[\d.]+ EUR +−\d+\.\d %/);
  expect(text).toContain('MAE 1.75 EUR, BWT +0.5 EUR, FWT −5 EUR');
});
