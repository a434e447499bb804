/**
 * Arrays as NumPy itself wrote them (test/fixtures/numpy/make.py), and what is wrong with others.
 */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { InputSpec } from '../../../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../../../shared/model/spec/task.ts';
import { inferFromArrays } from '../../../../trainer/data-import/infer-arrays.ts';
import type {
  ColumnNames,
  ExampleRow,
  ExampleSource,
} from '../../../../trainer/data-import/readers/example-source.ts';
import { openSource } from '../../../../trainer/data-import/readers/open-source.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { unwrap } from '../../compile/support.ts';

const folder = useTempFolder();
const fixture = (name: string): string => join(import.meta.dirname, '../../../fixtures/numpy', name);

const SHAPE: InputSpec = { kind: 'tensor', shape: [2, 3] };
const CLASSES: TaskSpec = { task: 'classification', labels: ['no', 'yes', 'nö'] };
const COLUMNS: ColumnNames = { label: 'label', time: null, group: null, ignore: [] };
const NOW = new Date('2026-12-01T00:00:00Z');
/** What make.py computes. */
const X = Array.from({ length: 24 }, (_, i) => (i - 7) / 4);
/** NumPy rounds half to even. */
const ROUNDED = X.map((x) => {
  const floor = Math.floor(x);
  return Math.abs(x - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(x));
});

async function open(
  path: string,
  input: InputSpec = SHAPE,
  task: TaskSpec = CLASSES,
  columns: Partial<ColumnNames> = {},
  labelsFile: string | null = fixture('y_f4.npy'),
) {
  const spec = { input, ...task };
  const options = { spec, columns: { ...COLUMNS, ...columns }, now: NOW, labelsFile };
  return openSource(path, { ...options, format: null, delimiter: null, encoding: null });
}

async function readAll(source: ExampleSource) {
  const rows: ExampleRow[] = [];
  const problems: string[] = [];
  for await (const read of source.rows()) {
    if (read.ok) rows.push(read.value);
    else problems.push(read.error.problem);
  }
  return { rows, problems };
}

describe('an array of NumPy', () => {
  it.each(['f2', 'f4', 'f8', 'f4_big', 'i2', 'i1', 'i8', 'u4_big'])(
    'is read as it was saved: %s',
    async (type) => {
      const { rows, problems } = await readAll(unwrap(await open(fixture(`x_${type}.npy`))));
      expect(problems).toEqual([]);
      const expected = type.startsWith('f') ? X : ROUNDED;
      expect(rows.flatMap(({ raw }) => [...raw]).map((x) => x + 0)).toEqual(expected.map((x) => x + 0));
      expect(rows.map(({ label }) => label)).toEqual([0, 1, 1, 0]);
    },
  );

  it('of a later version is read, too', async () => {
    const { rows } = await readAll(unwrap(await open(fixture('version2.npy'))));
    expect(rows.flatMap(({ raw }) => [...raw])).toEqual(X);
  });

  it('has its labels beside it', async () => {
    await copyFile(fixture('x_f4.npy'), join(folder.path, 'X_train.npy'));
    await copyFile(fixture('y_f4.npy'), join(folder.path, 'y_train.npy'));
    const { rows } = await readAll(
      unwrap(await open(join(folder.path, 'X_train.npy'), SHAPE, CLASSES, {}, null)),
    );
    expect(rows.map(({ label }) => label)).toEqual([0, 1, 1, 0]);
  });

  it('is a table or a regression where the spec says so', async () => {
    const features = Array.from({ length: 6 }, (_, i) => ({ name: `x${i}`, type: 'number' as const }));
    const opened = await open(
      fixture('x_f4.npy'),
      { kind: 'tensor', shape: [2, 1, 3] },
      {
        task: 'regression',
        target: { name: 'y' },
      },
    );
    expect((await readAll(unwrap(opened))).rows.map(({ label }) => label)).toEqual([0, 1, 1, 0]);
    expect(await open(fixture('x_f4.npy'), { kind: 'tabular', features })).toMatchObject({
      error: expect.stringMatching(/expected examples of \[6\], as the model's spec says, got \[2, 3\]/),
    });
  });
});

describe('an archive of NumPy', () => {
  it('brings labels, groups and times along', async () => {
    const columns = { group: 'user', time: 'at' };
    const { rows } = await readAll(unwrap(await open(fixture('set.npz'), SHAPE, CLASSES, columns)));
    expect(rows.map(({ label }) => label)).toEqual([0, 1, 1, 2]);
    expect(rows.map(({ group }) => group)).toEqual(['a', 'b', 'a', 'c']);
    expect(rows.map(({ at }) => at)).toEqual([0, 1, 2, 3].map((s) => 1_767_225_600_000 + 1_000 * s));
    expect(rows.flatMap(({ raw }) => [...raw])).toEqual(X);
  });

  it('says what a model of it reads and predicts', async () => {
    expect(unwrap(await inferFromArrays(fixture('set.npz'), null, null))).toEqual({
      count: 4,
      shape: [2, 3],
      task: { task: 'classification', labels: ['no', 'nö', 'yes'] },
      label: 'y_train',
    });
    expect(unwrap(await inferFromArrays(fixture('set.npz'), 'at', 'regression'))).toMatchObject({
      task: { task: 'regression', target: { name: 'at' } },
    });
  });
});

describe('what can’t be read is refused by what it is', () => {
  it.each<[string, string, RegExp]>([
    ['the order of Fortran', 'fortran.npy', /in the order of Fortran: save numpy.ascontiguousarray/],
    ['objects', 'objects.npy', /got objects \(pickled\)/],
    ['labels for examples', 'y_f4.npy', /expected examples, \[n, …\], got one dimension of 4 numbers/],
  ])('%s', async (_, name, message) => {
    expect(await open(fixture(name))).toMatchObject({ ok: false, error: expect.stringMatching(message) });
  });

  it('a file that ends early', async () => {
    const bytes = await readFile(fixture('x_f4.npy'));
    const path = await folder.write('short.npy', bytes.subarray(0, -4));
    expect(await open(path)).toMatchObject({
      error: expect.stringMatching(/expected 224 bytes for \[4, 2, 3\], got 220/),
    });
  });

  it('another shape, a group that is not there, fewer labels', async () => {
    expect(await open(fixture('x_f4.npy'), { kind: 'tensor', shape: [3, 2] })).toMatchObject({
      error: expect.stringMatching(/expected examples of \[3, 2\].*got \[2, 3\]/),
    });
    expect(await open(fixture('set.npz'), SHAPE, CLASSES, { group: 'usr' })).toMatchObject({
      error: expect.stringMatching(/no array "usr" \(--group\), but y_train, user, at/),
    });
    const path = await folder.write('no-labels.npy', await readFile(fixture('x_f4.npy')));
    expect(await open(path, SHAPE, CLASSES, {}, null)).toMatchObject({
      error: expect.stringMatching(/name them with --labels-file/),
    });
  });

  it('a number that is none, by its example', async () => {
    const bytes = await readFile(fixture('x_f4.npy'));
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    const { problems } = await readAll(unwrap(await open(await folder.write('nan.npy', bytes))));
    expect(problems).toEqual([
      expect.stringMatching(/^example 3: example\[5\]: expected a finite number, got NaN/),
    ]);
  });
});
