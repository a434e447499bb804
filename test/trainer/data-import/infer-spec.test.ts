import { describe, expect, it } from 'vitest';
import { inferFromTable, NO_OPTIONS, type ColumnOptions } from '../../../trainer/data-import/infer-spec.ts';
import { openTable } from '../../../trainer/data-import/readers/open-source.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const NOW = new Date('2026-11-23T12:00:00Z');

async function infer(text: string | Uint8Array, said: Partial<ColumnOptions> = {}, name = 'table.csv') {
  const path = await folder.write(name, text);
  const opened = await openTable(path, { format: null });
  if (!opened.ok) throw new Error(opened.error);
  const inferred = await inferFromTable(opened.value.table, { ...NO_OPTIONS, ...said }, NOW);
  if (!inferred.ok) throw new Error(inferred.error);
  return inferred.value;
}

const lines = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');

describe('what columns are taken for', () => {
  it('numbers and categories with gaps may be missing', async () => {
    const { features, findings } = await infer('n,c,label\n1,a,x\nNA,b,y\n2.5,,x\n');
    expect(features).toEqual([
      { name: 'n', type: 'number', missing: true },
      { name: 'c', type: 'category', values: ['a', 'b'], rare: 5, missing: true },
    ]);
    expect(findings.map(({ missing, distinct }) => [missing, distinct])).toEqual([
      [1, 2],
      [1, 2],
      [0, 2],
    ]);
  });

  it('texts that are numbers, by whichever mark they are', async () => {
    const { features } = await infer('p;q;r;label\n1.234,50 €;12 %;1,5;a\n2,00 €;7 %;2,5;b\n');
    expect(features).toEqual([
      { name: 'p', type: 'number', decimal: ',' },
      { name: 'q', type: 'number', decimal: ',' },
      { name: 'r', type: 'number', decimal: ',' },
    ]);
  });

  it('dates, with the order that their days allow', async () => {
    const { features } = await infer(
      'born,seen,label\n13/02/1990,2026-01-01 10:00,a\n01/02/1991,2026-01-02 11:30,b\n',
    );
    expect(features).toEqual([
      { name: 'born', type: 'date', parts: ['weekday', 'month', 'age'], order: 'dmy' },
      { name: 'seen', type: 'date', parts: ['hour', 'weekday', 'month', 'age'] },
    ]);
  });

  it('what names rows, or is the same in all, is left out, and can be used', async () => {
    const text = `user_id,name,same,x,label\n${lines(40, (i) => `${1_000 + i},person ${i},1,${i % 7},${i % 2}`)}`;
    const { features, columns } = await infer(text);
    expect(features.map(({ name }) => name)).toEqual(['x']);
    expect(columns.ignore).toEqual(['user_id', 'name', 'same']);
    const used = await infer(text, { use: ['user_id'] });
    expect(used.features.map(({ name }) => name)).toEqual(['user_id', 'x']);
  });

  it('what says the label is shown as what may leak it', async () => {
    const text = `alive,x,label\n${lines(60, (i) => `${i % 2 ? 'yes' : 'no'},${i % 7},${i % 2}`)}`;
    const { findings } = await infer(text);
    expect(findings[0]?.hint).toMatch(/leak/);
    expect(findings[1]?.hint).toBeNull();
  });

  it('the label is the column that is called so, else the last', async () => {
    expect((await infer('survived,x\n0,1\n1,2\n')).columns.label).toBe('survived');
    expect((await infer('x,kind\n1,a\n2,b\n')).columns.label).toBe('kind');
    expect((await infer('x,kind\n1,a\n2,b\n', { label: 'x' })).task).toEqual({
      task: 'classification',
      labels: ['1', '2'],
    });
  });

  it('one number is one label, however it is spelt', async () => {
    const { task } = await infer('x,label\n1,0\n2,1\n3,0.0\n4,1.0\n5,1e0\n');
    expect(task).toEqual({ task: 'classification', labels: ['0', '1'] });
  });

  it('a column that is called a time, and is one that has passed', async () => {
    expect((await infer('timestamp,x,label\n2026-01-01,1,a\n2026-01-02,2,b\n')).columns.time).toBe(
      'timestamp',
    );
    expect((await infer('timestamp,x,label\n2026-01-01,1,a\n2036-01-02,2,b\n')).columns.time).toBeUndefined();
  });

  it('columns without a name or with the same', async () => {
    const { features } = await infer(',x,x,label\n0.5,1,2,a\n0.25,3,4,b\n');
    expect(features.map(({ name }) => name)).toEqual(['column 1', 'x', 'x (2)']);
  });

  it('keys of objects, in lists and on lines', async () => {
    const rows = [
      { a: 1, ok: true, label: 'x' },
      { a: null, ok: false, label: 'y' },
    ];
    const features = [
      { name: 'a', type: 'number', missing: true },
      { name: 'ok', type: 'category', values: ['false', 'true'], rare: 5 },
    ];
    expect((await infer(JSON.stringify(rows), {}, 'rows.json')).features).toEqual(features);
    const text = rows.map((row) => JSON.stringify(row)).join('\n');
    expect((await infer(text, {}, 'rows.ndjson')).features).toEqual(features);
  });
});
