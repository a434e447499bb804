import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCsvTable } from '../../../../trainer/data-import/readers/csv.ts';
import { scanFile } from '../../../../trainer/data-import/readers/input-file.ts';
import { DATA_NOTE, dataPath, hasData } from '../../../support/data.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { readAll } from './read-all.ts';

const folder = useTempFolder();
const spec = {
  task: 'classification' as const,
  input: {
    kind: 'tabular' as const,
    features: [
      { name: 'price', type: 'number' as const },
      { name: 'colour', type: 'category' as const, values: ['red', 'blue'] },
    ],
  },
  labels: ['UP', 'DOWN'],
};

describe('the CSV reader', () => {
  it('takes features by name, in whatever order the columns stand', async () => {
    const path = await folder.write('order.csv', 'label,colour,price\nUP,blue,1.5\nDOWN,red,-2\n');
    expect(await readAll(path, { spec })).toMatchObject({
      rows: [
        { row: 0, raw: [1.5, 1], label: 0 },
        { row: 1, raw: [-2, 0], label: 1 },
      ],
      problems: [],
      maxRows: 2,
    });
  });

  it('reads gzip by its bytes, with the same digest as the file without', async () => {
    const text = 'price,colour,label\n1,red,UP\n';
    const plain = await readAll(await folder.write('plain.csv', text), { spec });
    const packed = await readAll(await folder.write('packed.csv', gzipSync(text)), { spec });
    expect(packed).toEqual(plain);
  });

  it('reads quotes, line breaks in quotes, CRLF, a byte order mark and a last line without an end', async () => {
    const text = '\ufeff"price",note,"colour",label\r\n1,"a, ""b""\r\nc",red,UP\r\n2,d,blue,DOWN';
    const path = await folder.write('quotes.csv', text);
    const read = await readAll(path, { spec, columns: { ignore: ['note'] } });
    expect(read).toMatchObject({ rows: [{ raw: [1, 0] }, { raw: [2, 1] }], problems: [] });
  });

  it('reads times and groups', async () => {
    const text = 'when,user,price,colour,label\n2026-01-02T03:04:05Z,ann,1,red,UP\n1767323045,bob,1,red,UP\n';
    const path = await folder.write('times.csv', text);
    const read = await readAll(path, { spec, columns: { time: 'when', group: 'user' } });
    const at = Date.parse('2026-01-02T03:04:05Z');
    expect(read.rows).toMatchObject([
      { at, group: 'ann' },
      { at, group: 'bob' },
    ]);
  });

  it('names every bad row by its line, and reads on', async () => {
    const lines = [
      'price,colour,label',
      '1,red,UP',
      'abc,red,UP',
      ',red,UP',
      '1,green,UP',
      '1,red,SIDEWAYS',
      '1,red',
    ];
    const path = await folder.write('bad.csv', [...lines, '1,"red"x,UP', '2,blue,DOWN', ''].join('\n'));
    expect(await readAll(path, { spec })).toMatchObject({
      rows: [{ raw: [1, 0] }, { raw: [2, 1] }],
      problems: [
        'line 3: price: expected a finite number, got "abc"',
        'line 4: price: expected a finite number, got ""',
        'line 5: colour: expected one of "red", "blue", got "green"',
        'line 6: label: expected one of "UP", "DOWN", got "SIDEWAYS"',
        'line 7: expected 3 columns, got 2',
        'line 8: colour: expected one of "red", "blue", got "\\"red\\"x"',
      ],
    });
  });

  it.each([
    [
      'at the end',
      'price,colour,label\n1,red,UP\n1,"red,UP\n',
      /open\.csv: line 3: a quote is opened and never closed; nothing/,
    ],
    [
      'in the middle',
      `price,colour,label\n1,red,UP\n\n1,"red,UP\n${'2,blue,DOWN\n'.repeat(500)}`,
      /open\.csv: line 4: a quote is opened and never closed, and the 500 lines after it would be read as a part of it; nothing was imported/,
    ],
    [
      'beside closed ones',
      'price,colour,label\n1,"red","UP"\n1,"a\nb",UP\n2,"red,UP\n3,red,UP\n',
      /line 5: a quote .* the 1 lines? after it/,
    ],
    [
      'in the first column',
      'price,colour,label\n"1,red,UP\n1,red,UP\n',
      /line 2: a quote .* the 1 lines? after it/,
    ],
    ['in the header', 'price,"colour,label\n1,red,UP\n', /line 1: a quote is opened and never closed/],
  ])(
    'refuses a file with a quote that is never closed, %s, by the line where it is opened',
    async (_, text, message) => {
      const path = await folder.write('open.csv', text);
      expect(await readAll(path, { spec })).toEqual({ refused: expect.stringMatching(message) });
    },
  );

  it('names all lines of a row that swallowed others', async () => {
    const text = 'price,colour,label\n1,red,UP\n2,"blue,DOWN\n3,red,UP\n4,blue",DOWN\n5,red,UP\n';
    const read = await readAll(await folder.write('swallowed.csv', text), { spec });
    expect(read.rows).toHaveLength(2);
    expect(read.problems).toEqual([expect.stringMatching(/^lines 3 to 5: /)]);
  });

  it.each([
    [
      'a missing label column',
      'price,colour\n',
      {},
      /no column "label" \(the columns are price, colour\).*--label/,
    ],
    ['a missing time column', 'price,colour,label\n', { time: 'when' }, /no column "when".*--time/],
    ['a missing feature', 'price,label\n', {}, /the model's feature "colour" is no column/],
    ['a column too many', 'price,colour,label,x\n', {}, /column "x" is no feature.*--ignore x/],
    ['a name that stands twice', 'price,colour,label,price\n', {}, /the column "price \(2\)" is no feature/],
  ])('refuses %s before it reads a row', async (name, text, columns, message) => {
    const path = await folder.write(`${name}.csv`, `${text}1,red,UP\n`);
    expect(await readAll(path, { spec, columns })).toEqual({ refused: expect.stringMatching(message) });
  });

  it('refuses truncated gzip, an empty file, a folder and what is not there', async () => {
    const packed = gzipSync('price,colour,label\n'.repeat(10_000));
    const truncated = await folder.write('cut.csv.gz', packed.subarray(0, packed.length - 20));
    expect(await readAll(truncated, { spec })).toEqual({
      refused: expect.stringMatching(/truncated or altered/),
    });
    const empty = await folder.write('empty.csv', '');
    expect(await readAll(empty, { spec })).toEqual({ refused: expect.stringMatching(/is empty/) });
    expect(await readAll('/nowhere/x.csv', { spec })).toEqual({
      refused: expect.stringMatching(/no such file/),
    });
    expect(await readAll(folder.path, { spec, format: 'csv' })).toEqual({
      refused: expect.stringMatching(/expected a file, got a folder/),
    });
  });

  it('refuses a time that has not come yet, as no run would see the example', async () => {
    const path = await folder.write(
      'future.csv',
      'price,colour,label,t\n1,red,UP,2030-01-01\n1,red,UP,soon\n',
    );
    const { problems } = await readAll(path, { spec, columns: { time: 't' } });
    expect(problems).toEqual([
      'line 2: time: expected a time that has passed, got 2030-01-01T00:00:00.000Z',
      expect.stringContaining('expected a time as ISO 8601'),
    ]);
  });

  it.skipIf(!hasData)(`reads Elec2 without a problem${DATA_NOTE}`, async () => {
    const names = ['day', 'period', 'nswprice', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'];
    const features = names.map((name) => ({ name, type: 'number' as const }));
    const { rows, problems } = await readAll(dataPath('streams', 'elec2.csv.gz'), {
      spec: { task: 'classification', input: { kind: 'tabular', features }, labels: ['UP', 'DOWN'] },
      columns: { label: 'class', ignore: ['date'] },
    });
    expect([rows?.length, problems]).toEqual([45_312, []]);
  });
});

describe('a file without a quote', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '7', '.', ' ', 'é', '-', '\t'), maxLength: 4 });
  const table = fc.record({
    rows: fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 12 }),
    end: fc.constantFrom('\n', '\r\n'),
    last: fc.boolean(),
    mark: fc.constantFrom('', '\uFEFF'),
  });

  it(
    'has the same records, in the same lines, whether it is split or parsed',
    { timeout: 60_000 },
    async () => {
      const read = async (name: string, text: string) => {
        const file = await scanFile(await folder.write(name, text));
        const opened = file.ok ? await openCsvTable(file.value, { delimiter: ',', encoding: null }) : file;
        if (!opened.ok) return opened.error.replace(name, '');
        const records = [];
        for await (const { place, cells } of opened.value.records()) records.push({ place, cells });
        return { columns: opened.value.columns, records };
      };
      await fc.assert(
        fc.asyncProperty(table, async ({ rows, end, last, mark }) => {
          const lines = ['h1,h2', ...rows.map((cells) => cells.join(','))];
          const plain = mark + lines.join(end) + (last ? end : '');
          // A quoted name in the header, which says the same, has the parser read the file.
          const quoted = plain.replace('h1', '"h1"');
          expect(await read('plain.csv', plain)).toEqual(await read('quoted.csv', quoted));
        }),
        { numRuns: 60 },
      );
    },
  );
});
