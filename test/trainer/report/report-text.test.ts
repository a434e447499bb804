import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderReportText } from '../../../trainer/report/report-text.ts';
import { evidenceOf, withoutChampion } from '../../shared/continuity/make-evidence.ts';
import { fullReportOf, reportOf } from './make-report.ts';

const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
const promoted = reportOf(evidenceOf([kept, kept], { ...kept, gains: 60 }));
const rejected = reportOf(evidenceOf([{ ...kept, losses: 300 }, kept], kept));
const plain = { colour: false, width: 100 };

test('reads as a table, to the letter', () => {
  expect(renderReportText(promoted, plain)).toBe(`digits  run 20261123-0200
candidate  version 4, sha256:candidate
champion   version 3, sha256:champion
snapshot   20261123-0159-9f2c

 PROMOTE  it does better than version 3 on what comes in, and nothing shows a loss that is not paid
          for. A rollback brings version 3 back within seconds. At least 1.9 points better than
          version 3 on the current window; 8 checks passed

  Check                          Estimate        Interval    Needs  Examples
✓ Files and weights
✓ The judges themselves
✓ Beats answers without a model     +44.5  [+42.5, +46.5]    > 0.0     2,000
✓ Current window                     +2.5    [+1.9, +3.2]   > −1.0     2,000
✓ Past windows, mean                  0.0    [−0.3, +0.3]   > −1.0     4,000
✓ Past windows, worst                 0.0    [−0.4, +0.4]   > −5.0     4,000
✓ Negative flips                    0.5 %  [0.3 %, 0.8 %]  ≤ 5.0 %     2,000
– Reported flips  (no flips were collected)
✓ Recall of each class               +2.5    [+1.6, +3.6]   > −5.0     2,000
– Feature slices  (the policy names no features)
– Calibration  (no probabilities were supplied)
– Repeated splits  (the recipes were not trained on repeated splits)
– Edge budget  (latency, size and memory were not measured)

  Window         Examples  Champion  Candidate  Change
  past-0            2,000    94.5 %     94.5 %     0.0
  past-1            2,000    94.5 %     94.5 %     0.0
  now (current)     2,000    92.0 %     94.5 %    +2.5

Training  8,200 examples, 12 epochs, 9.4 s, seed 7
Loss      1.00 → 0.138  █▆▅▄▃▂▂▂▁▁▁▁

Promoted: the champion alias moved from version 3 to version 4
`);
});

test('a promotion by the exam says its word once', () => {
  const why = 'Promote: at least 1.9 points better than version 3 on the current window';
  const text = renderReportText({ ...promoted, decision: { promoted: true, why } }, plain);
  expect(text).toContain('\nPromoted: at least 1.9 points better than version 3 on the current window\n');
});

test('a rejection is marked, and explained with its gravest reason first', () => {
  const lines = renderReportText(rejected, plain).split('\n');
  expect(lines.some((line) => line.startsWith('✗ Past windows, worst'))).toBe(true);
  expect(lines[lines.indexOf('Why') + 1]).toContain(
    'Past windows, mean: 2 past windows: candidate 7.2 points worse',
  );
});

test('checks that do not apply say why', () => {
  const first = reportOf(withoutChampion(evidenceOf([], kept)));
  expect(renderReportText(first, plain)).toContain(
    '– Current window  (there is no champion to compare with)',
  );
});

test('colours add escape codes and nothing else', () => {
  const coloured = renderReportText(rejected, { ...plain, colour: true });
  expect(coloured).toContain('\u001B[31m✗\u001B[0m');
  const escapes = new RegExp(`${String.fromCodePoint(27)}\\[\\d+m`, 'g');
  expect(coloured.replace(escapes, '')).toBe(renderReportText(rejected, plain));
});

test('tables and sentences keep to the width', () => {
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 160 }), fc.constantFrom(promoted, rejected), (width, report) => {
      const lines = renderReportText(report, { colour: false, width }).split('\n');
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    }),
  );
});

test('a training without a loss curve is reported without one', () => {
  const text = renderReportText({ ...promoted, training: { ...promoted.training, loss: [] } }, plain);
  expect(text).toContain('Training  8,200 examples');
  expect(text).not.toContain('Loss');
});

test('tells in a line each what the page shows as figures', () => {
  const text = renderReportText(fullReportOf(evidenceOf([kept, kept], kept)), plain);
  // 94.5 % right at 75 % sure
  expect(text).toContain('Calibration error  candidate 19.5 points, champion 19.5');
  expect(text).toContain('Versions           ACC 93.7 %, BWT −1.5 points, FWT +34.5 points');
});

test('says how many examples were drawn from how many, and that more epochs may be better', () => {
  const training = {
    ...promoted.training,
    examples: 10_000,
    of: 14_273,
    epochs: 40,
    unfinished: true as const,
  };
  expect(renderReportText({ ...promoted, training }, plain)).toContain(
    'Training  10,000 of 14,273 examples, 40 epochs (the last was the best: more may be better), ',
  );
});
