/**
 * Tables as people export them.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { fetchFile } from '../../../../trainer/data-import/readers/fetch-file.ts';
import { createZone } from '../../../../trainer/data-import/readers/time-zone.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { NOW, readAll } from './read-all.ts';

const folder = useTempFolder();

const spec = {
  task: 'classification' as const,
  input: {
    kind: 'tabular' as const,
    features: [
      { name: 'price', type: 'number' as const, decimal: ',' as const },
      { name: 'place', type: 'category' as const, values: ['café', 'cafè'] },
    ],
  },
  labels: ['UP', 'DOWN'],
};
const rows = [
  { row: 0, raw: [1.5, 0], label: 0 },
  { row: 1, raw: [2, 1], label: 1 },
];
const table = (mark: string, end = '\n'): string =>
  [['price', 'place', 'label'], ['1,5', 'café', 'UP'], ['2', 'cafè', 'DOWN'], []]
    .map((cells) => cells.map((cell) => (cell.includes(mark) ? `"${cell}"` : cell)).join(mark))
    .join(end);

describe('a table as it was exported', () => {
  it.each([
    ['semicolons', table(';')],
    ['tabs', table('\t')],
    ['bars', table('|')],
    ['commas', table(',')],
    ['the ends of lines of Windows', table(';', '\r\n')],
    ['those of old Macs', table(';', '\r')],
    ['a mark of its bytes', `\uFEFF${table(';')}`],
    ['UTF-16', Buffer.from(`\uFEFF${table(';')}`, 'utf16le')],
    ['UTF-16 the other way', Buffer.from(`\uFEFF${table(';')}`, 'utf16le').swap16()],
  ])('is read with %s', async (_, text) => {
    const path = await folder.write('table.csv', text);
    expect(await readAll(path, { spec })).toMatchObject({ rows, problems: [] });
  });

  it('in Latin-1 is refused with its line, or read where that is said', async () => {
    const path = await folder.write('latin.csv', Buffer.from(table(';'), 'latin1'));
    expect(await readAll(path, { spec })).toEqual({
      refused: expect.stringMatching(/latin\.csv: line 2: expected a text in UTF-8.*--encoding latin1/),
    });
    expect(await readAll(path, { spec, encoding: 'latin1' })).toMatchObject({ rows, problems: [] });
    expect(await readAll(path, { spec, encoding: 'klingon' })).toEqual({
      refused: expect.stringMatching(/no encoding "klingon"; known are utf8, /),
    });
  });

  it.each([
    ['book.xlsx', 'PK\u0003\u0004rest', /Excel workbook \(xlsx\).*save it as CSV/],
    ['book.csv', 'PK\u0003\u0004rest', /Excel workbook \(xlsx\).*save it as CSV/],
    ['data.csv', 'SQLite format 3\u0000', /SQLite database; export/],
    ['data.bin', 'what', /--format csv\|ndjson\|json\|parquet/],
  ])('%s is refused as what it is', async (name, text, message) => {
    const path = await folder.write(name, text);
    expect(await readAll(path, { spec })).toEqual({ refused: expect.stringMatching(message) });
  });

  it('as a list in JSON, alone or in an object', async () => {
    const list = [
      { price: 1.5, place: 'café', label: 'UP' },
      { price: '2', place: 'cafè', label: 'DOWN' },
      { price: 2, place: 'cafè', label: true },
      7,
    ];
    for (const value of [list, { data: list, next: null }]) {
      const path = await folder.write('list.json', JSON.stringify(value));
      expect(await readAll(path, { spec })).toMatchObject({
        rows,
        problems: ['item 3: label: expected one of "UP", "DOWN", got true', 'item 4: expected a JSON object'],
      });
    }
  });

  it('as Parquet, with its own types', async () => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'price', data: [1.5, 2], type: 'DOUBLE' },
        { name: 'place', data: ['café', 'cafè'], type: 'STRING' },
        { name: 'label', data: ['UP', 'DOWN'], type: 'STRING' },
        {
          name: 'at',
          data: [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')],
          type: 'TIMESTAMP',
        },
      ],
    });
    const path = await folder.write('table.parquet', new Uint8Array(buffer));
    const read = await readAll(path, { spec, columns: { time: 'at' } });
    expect(read).toMatchObject({
      rows: rows.map((row, i) => ({ ...row, at: Date.UTC(2026, 0, 1 + i) })),
      problems: [],
    });
  });

  it('lines of NDJSON end at a line feed, not at U+2028', async () => {
    const line = (price: number): string =>
      `{"price":${price},"place":"café","label":"UP","note":"a\u2028b"}`;
    const path = await folder.write('lines.ndjson', `${line(1.5)}\r\n${line(2)}`);
    expect(await readAll(path, { spec, columns: { ignore: ['note'] } })).toMatchObject({
      rows: [{ row: 0 }, { row: 1 }],
      problems: [],
    });
  });

  it.each([
    ['--group', { group: 'usr' }, /no line has "usr" \(--group\)/],
    ['--time', { time: 'wen' }, /no line has "wen" \(--time\)/],
    ['--label', { label: 'lable' }, /no line has "lable" \(--label\)/],
  ])('a name that no line has is an error: %s', async (_, columns, message) => {
    const path = await folder.write('named.ndjson', '{"price":1,"place":"café","label":"UP","user":17}\n');
    expect(await readAll(path, { spec, columns })).toEqual({ refused: expect.stringMatching(message) });
  });

  it('a field beside an instance that has no place is refused by its line', async () => {
    const path = await folder.write('stray.ndjson', '{"instance":[1,"café"],"label":"UP","grup":"a"}\n');
    expect(await readAll(path, { spec })).toMatchObject({
      problems: ['line 1: there is no place for "grup" beside the instance; --ignore grup leaves it out'],
    });
  });
});

describe('times without a zone', () => {
  it.each([
    ['Asia/Tokyo', '2026-11-23T20:00', '2026-11-23T11:00:00.000Z'],
    ['America/New_York', '2026-07-01T00:00', '2026-07-01T04:00:00.000Z'],
    ['America/New_York', '2026-01-01T00:00', '2026-01-01T05:00:00.000Z'],
    ['+05:30', '2026-01-01T00:00', '2025-12-31T18:30:00.000Z'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
  ])('of %s: %s is %s', (zone, wall, utc) => {
    const toUtc = createZone(zone);
    if (!toUtc.ok) throw new Error(toUtc.error);
    expect(new Date(toUtc.value(Date.parse(`${wall}Z`))).toISOString()).toBe(utc);
  });

  it('are read so', async () => {
    const zone = createZone('Asia/Tokyo');
    const toUtc = zone.ok ? zone.value : undefined;
    const path = await folder.write('tokyo.csv', 'price,place,label,t\n1,café,UP,2026-11-23 20:00:00\n');
    const options = { spec, columns: { time: 't' } };
    expect((await readAll(path, options)).problems).toEqual([
      expect.stringMatching(/a time that has passed/),
    ]);
    expect((await readAll(path, { ...options, moments: { toUtc } })).rows).toMatchObject([
      { at: NOW.getTime() - 3_600_000 },
    ]);
  });

  it('a zone that there is not is refused', () => {
    expect(createZone('Tokio')).toEqual({ ok: false, error: expect.stringContaining('"Tokio"') });
  });
});

describe('a file from elsewhere', () => {
  it('comes from standard input and from the web, and is gone afterwards', async () => {
    async function* stdin(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a,label\n');
    }
    const piped = await fetchFile('-', { stdin: stdin() });
    if (!piped.ok) throw new Error(piped.error);
    expect(await readFile(piped.value.path, 'utf8')).toBe('a,label\n');
    await piped.value.end();
    await expect(readFile(piped.value.path)).rejects.toThrow('ENOENT');

    const server = createServer((request, response) => {
      response.statusCode = request.url === '/data/table.csv?key=1' ? 200 : 404;
      response.end('b,label\n');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fetched = await fetchFile(`${origin}/data/table.csv?key=1`);
    if (!fetched.ok) throw new Error(fetched.error);
    expect(fetched.value.path).toMatch(/table\.csv$/);
    await fetched.value.end();
    expect(await fetchFile(`${origin}/gone.csv?key=1`)).toEqual({
      ok: false,
      error: `${origin}/gone.csv: expected the file, got status 404`,
    });
    server.close();
  });
});
