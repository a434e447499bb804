import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import { reportJsonSchema, reportSchema } from '../../../trainer/report/report-schema.ts';
import type { RunReport } from '../../../trainer/report/report.ts';
import { evidenceOf, withoutChampion } from '../../shared/continuity/make-evidence.ts';
import { fullReportOf, reportOf, retriedReportOf } from './make-report.ts';

const kept = { gains: 10, losses: 10, n: 2_000 };
const evidence = evidenceOf([kept, { gains: 2, losses: 300, n: 2_000 }], kept);

describe('what a run writes agrees with the schema', () => {
  test.each([
    ['a promotion', reportOf(evidenceOf([kept], kept))],
    ['a rejection with its flips', reportOf(evidence)],
    ['a second try', retriedReportOf(evidence, evidenceOf([kept], kept))],
    ['a first candidate', reportOf(withoutChampion(evidence))],
    ['evidence that cannot be judged', reportOf({ ...evidence, majority: 7 })],
    ['one with probabilities, matrix and pictures', fullReportOf(evidence)],
  ])('%s', (_, report) => {
    const written: unknown = JSON.parse(JSON.stringify(report));
    expect(reportSchema.parse(written)).toEqual(written);
  });
});

test('the type and the schema are the same', () => {
  expectTypeOf<RunReport>().toExtend<Readable<z.infer<typeof reportSchema>>>();
  expectTypeOf<z.infer<typeof reportSchema>>().toExtend<Readable<RunReport>>();
});

/** JSON does not tell a field that is undefined from one that is left out. */
type Readable<T> = T extends readonly (infer Item)[]
  ? readonly Readable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Readable<T[Key]> | (undefined extends T[Key] ? undefined : never) }
    : T;

test('the published file is what the schema generates (write it with UPDATE_SCHEMA=1)', async () => {
  const path = new URL('../../../docs/report.schema.json', import.meta.url);
  const generated = `${JSON.stringify(reportJsonSchema(), null, 2)}\n`;
  if (process.env['UPDATE_SCHEMA'] === '1') {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, generated);
  }
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(generated));
});

test('refuses a picture that is no data URI', () => {
  const report = { ...reportOf(evidence), pictures: { a: 'https://example.org/x.png' } };
  expect(reportSchema.safeParse(report).success).toBe(false);
});
