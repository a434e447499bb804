import { expect, test } from 'vitest';
import { summarizeWindows } from '../../../trainer/report/report.ts';
import { evidenceOf, withoutChampion } from '../../shared/continuity/make-evidence.ts';
import { reportOf } from './make-report.ts';

const evidence = evidenceOf([{ gains: 4, losses: 1, n: 100 }], { gains: 0, losses: 10, n: 50, bothWrong: 5 });

test('summarizes each window by the accuracy of both models', () => {
  expect(summarizeWindows(evidence)).toMatchObject([
    { id: 'past-0', kind: 'past', n: 100, candidate: 0.99, champion: 0.96 },
    { id: 'now', kind: 'current', n: 50, candidate: 0.7, champion: 0.9 },
  ]);
  expect(summarizeWindows(withoutChampion(evidence)).map(({ champion }) => champion)).toEqual([null, null]);
});

test('a report survives JSON unchanged', () => {
  const report = reportOf(evidence);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});
