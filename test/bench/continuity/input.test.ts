/**
 * What the instrument is told, and what it does to what is collected.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseOptions } from './options.ts';
import { collect, FAULTS } from './streams/collect.ts';
import { generateStream } from './streams/generated.ts';
import { cutNights } from './streams/stream.ts';
import { findStreamName, loadCsv } from './streams/streams.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-continuity-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SOURCE = {
  label: 'y',
  ignore: [],
  task: null,
  season: null,
  changes: [],
  relabelled: false,
  from: 0,
  perDay: null,
};

async function load(text: string) {
  const file = path.join(folder, 'table.csv');
  await writeFile(file, text);
  return loadCsv('table', file, SOURCE, null);
}

const errorOf = (result: { readonly ok: boolean; readonly error?: string }): string =>
  result.ok ? 'no error' : (result.error ?? '');

describe('a table', () => {
  test('is read in its order', async () => {
    const stream = await load('x,y\n1,a\n2,b\n3,a\n');
    expect(stream).toMatchObject({ ok: true, value: { rows: [{ label: 0 }, { label: 1 }, { label: 0 }] } });
  });

  test.each([
    ['without the label', 'x,z\n1,a\n2,b\n', 'there is no column "y"'],
    ['of one class', 'x,y\n1,a\n2,a\n', 'expected 2 or more labels in "y", got 1'],
    ['with words among numbers', 'x,y\n1,a\n2,b\n3,a\n4,b\nfive,a\n', '"x" is numbers, but for "five"'],
  ])('%s is refused by name', async (_, text, expected) => {
    expect(errorOf(await load(text))).toContain(expected);
  });

  test('with fewer rows than its nights need is refused with how many it takes', () => {
    expect(errorOf(cutNights(40, 18))).toBe(
      'expected at least 200 rows for a history and 18 nights of 10, got 40',
    );
    expect(cutNights(200, 18)).toMatchObject({ ok: true });
  });
});

describe('the command line', () => {
  test('offers the nearest names of a stream that is not there', () => {
    expect(errorOf(findStreamName('elec'))).toContain('the nearest names are elec2');
    expect(errorOf(parseOptions(['--streams', 'luxemburg']))).toContain('luxembourg');
  });

  test.each([
    [['--csv', 'a.csv'], 'expected --label as well'],
    [['--label', 'y'], 'expected with --csv'],
    [['--nights', 'two'], 'expected a whole number from 1 on, got "two"'],
    [['--strategies', 'holdfast'], 'the nearest are Holdfast'],
    [['--policy', '/nowhere.json'], 'no such file'],
    [['--fault-kinds', 'label'], 'labels'],
  ])('%j is refused', (args, expected) => {
    expect(errorOf(parseOptions(args))).toContain(expected);
  });
});

describe('what is collected', () => {
  const stream = generateStream('generated-quick', 1);
  const nights = cutNights(stream.rows.length, 18);
  if (!nights.ok) throw new Error(nights.error);

  test('is as it was where nothing goes wrong', () => {
    for (const { fault, rows } of collect(stream, nights.value, [], 1)) {
      expect(fault).toBeNull();
      expect(rows.every(({ label, raw }) => label !== null && raw === null)).toBe(true);
    }
  });

  test('is damaged on every sixth night by each kind of fault, and the stream never is', () => {
    const before = stream.rows.map(({ raw, label }) => [...raw, label]);
    const faults = collect(stream, nights.value, FAULTS, 1).map(({ fault }) => fault);
    expect(faults.filter((fault) => fault === 'labels rotated')).toHaveLength(3);
    expect(faults.flatMap((fault, i) => (fault === 'labels rotated' ? [i + 1] : []))).toEqual([3, 9, 15]);
    expect(faults.filter((fault) => fault?.endsWith('classes absent'))).toHaveLength(3);
    expect(faults.filter((fault) => /^x\d (another unit|constant|missing)$/.test(fault ?? ''))).toHaveLength(
      3,
    );
    expect(stream.rows.map(({ raw, label }) => [...raw, label])).toEqual(before);
  });

  test('has every label renamed where labels are rotated', () => {
    const { from = 0, to = 0 } = nights.value.blocks[2] ?? {};
    const rotated = collect(stream, nights.value, ['labels'], 1)[2];
    const truth = stream.rows.slice(from, to).map(({ label }) => (label + 1) % 5);
    expect(rotated?.rows.map(({ label }) => label)).toEqual(truth);
  });
});
