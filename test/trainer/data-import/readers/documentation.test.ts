/**
 * docs/data.md, "What we do with …": every row of its tables is done, and what comes out is what the page says.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCell } from '../../../../shared/model/spec/feature.ts';
import { parseTime } from '../../../../shared/model/spec/moment.ts';
import { parseGroup } from '../../../../shared/model/spec/read-value.ts';
import type { Feature } from '../../../../shared/model/spec/spec.ts';
import { parseLabel } from '../../../../shared/model/spec/task.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { NOW, readAll } from './read-all.ts';

const folder = useTempFolder();
const page = await readFile('docs/data.md', 'utf8');

/** The rows of the table under a heading, cells without their marks. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(`### ${heading}\n`)[1]?.split(/\n#{2,3} /)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
}

const unquote = (cell: string): string => /`(.*)`/.exec(cell)?.[1] ?? cell;

const FEATURES: Readonly<Record<string, Feature>> = {
  number: { name: 'f', type: 'number' },
  'number that may be missing': { name: 'f', type: 'number', missing: true },
  'number in texts, decimal .': { name: 'f', type: 'number', decimal: '.' },
  'number in texts, decimal ,': { name: 'f', type: 'number', decimal: ',' },
  'category of True, False': { name: 'f', type: 'category', values: ['True', 'False'] },
  'category of 1, 2': { name: 'f', type: 'category', values: ['1', '2'] },
  'category of 1, 2 with rare values': { name: 'f', type: 'category', values: ['1', '2'], rare: 5 },
  'category that may be missing': { name: 'f', type: 'category', values: ['a', 'b'], missing: true },
  date: { name: 'f', type: 'date', parts: ['age'] },
  'date, day first': { name: 'f', type: 'date', parts: ['age'], order: 'dmy' },
};

/** What a feature's raw number says, as the page writes it. */
function spell(feature: Feature, raw: number | null): string {
  if (raw === null) return 'refused';
  if (Number.isNaN(raw)) return 'missing';
  if (feature.type === 'number') return String(raw);
  if (feature.type === 'date') return new Date(raw * 60_000 + Date.parse('2020-01-01')).toISOString();
  return (
    feature.values[raw] ?? (feature.rare !== undefined && raw === feature.values.length ? 'other' : 'missing')
  );
}

function doWith(what: string, value: unknown): string {
  const feature = FEATURES[what];
  if (feature !== undefined) return spell(feature, readCell(feature, value, 'finite'));
  if (what === 'label of 0, 1') {
    const labels = ['0', '1'];
    const label = parseLabel({ task: 'classification', labels }, value);
    return label.ok ? (labels[label.value] as string) : 'refused';
  }
  if (what === 'time') {
    const time = parseTime(value, NOW.getTime());
    if (!time.ok) return 'refused';
    return time.value === null ? 'none' : new Date(time.value).toISOString();
  }
  if (what !== 'group') throw new Error(`the page has ${what}, which this test does not know`);
  const group = parseGroup(value);
  return group.ok ? (group.value ?? 'none') : 'refused';
}

const values = rowsUnder('Values');

test('the page has its tables', () => {
  expect(values.length).toBeGreaterThan(30);
  expect(rowsUnder('Files').length).toBeGreaterThan(10);
});

test.each(values)('a %s that comes as %s is %s', (what, comesAs, is) => {
  expect(doWith(what, JSON.parse(unquote(comesAs)))).toBe(is);
});

const spec = {
  task: 'classification' as const,
  input: { kind: 'tabular' as const, features: [{ name: 'x', type: 'number' as const }] },
  labels: ['a', 'b'],
};

test.each(rowsUnder('Files'))('the file %s that begins with %s is %s', async (name, begins, is) => {
  const text = JSON.parse(unquote(begins)) as string;
  const bytes = Buffer.from(text, begins.includes('Latin-1') ? 'latin1' : 'utf8');
  const read = await readAll(await folder.write(unquote(name), bytes), { spec });
  if (is === 'read')
    expect(read).toMatchObject({
      problems: [],
      rows: [{ raw: [1], label: 0 }, ...(read.rows ?? []).slice(1)],
    });
  else expect('refused' in read ? read.refused : '').toMatch(new RegExp(unquote(is)));
});
