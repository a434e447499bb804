/**
 * `holdfast evaluate` and `holdfast predict`: a model whose answers can be worked out by hand, on files as people have
 * them.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64 } from '../../../../shared/bytes.ts';
import { loadDecoderModule } from '../../../../shared/model/images/decoders-node.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createS3Store } from '../../../../trainer/node/s3-store.ts';
import {
  diagonal,
  greyImage,
  numbers,
  serveLinearModel,
} from '../../../functions/serving/conformance/linear-model.ts';
import { createEdge } from '../../../functions/support.ts';
import { imageFile } from '../../../support/images.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { LOCAL_KEYS, type LocalS3, startLocalS3 } from '../../node/local-s3.ts';

const folder = useTempFolder();
const run = promisify(execFile);

let s3: LocalS3;
beforeAll(async () => {
  s3 = await startLocalS3();
  const store = createS3Store({ bucket: 'holdfast', endpoint: s3.endpoint, credentials: LOCAL_KEYS });
  // As probabilities its two numbers, as they came.
  const labels = ['no', 'yes'];
  await serveLinearModel(store, { name: 'm', input: numbers('a', 'b'), labels, kernel: diagonal(2, 1) });
  await serveLinearModel(store, { name: 'rent', input: numbers('size'), labels: null, kernel: [10] });
  await serveLinearModel(store, { name: 'grey', input: greyImage(1, 2), labels, kernel: diagonal(2, 1) });
  await serveLinearModel(store, {
    name: 'spectra',
    input: { kind: 'tensor', shape: [2, 3] },
    labels,
    kernel: diagonal(2, 1),
  });
});
afterAll(() => s3.close());

async function holdfast(...args: readonly string[]) {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, USER: 'ann', HOLDFAST_STORE: 's3://holdfast', HOLDFAST_ENDPOINT: s3.endpoint };
  return run(process.execPath, ['trainer/tools/cli/holdfast.mjs', ...args], { env });
}

const TABLE = 'who,a,b,label\nann,0.75,0.25,no\n"b, o",0.25,0.75,no\ncy,0.5,x,yes\ndee,0.125,0.875,yes\n';

describe('evaluate', { timeout: 120_000 }, () => {
  it('measures the champion, names the rows that it can’t read, and writes a page', async () => {
    const file = await folder.write('table.csv', TABLE);
    const page = join(folder.path, 'page.html');
    const { stdout } = await holdfast('evaluate', 'm', file, '--ignore', 'who', '--html', page);
    expect(stdout).toMatch(/^version 1 of m on 3 examples of table.csv$/m);
    expect(stdout).toMatch(/^accuracy +0\.6667/m);
    expect(stdout).toMatch(/^balanced accuracy +0\.7500$/m);
    expect(stdout).toMatch(/^no +1 +1$/m);
    expect(stdout).toMatch(/line 4: b: expected a finite number, got "x"/);
    const html = await readFile(page, 'utf8');
    expect(html).toMatch(/Right 66\.7 % of the time/);
    expect(html).not.toMatch(/<script|https?:/);
  });

  it('says all of it in JSON, of a version by its number', async () => {
    const file = await folder.write('rents.ndjson', '{"size":2,"y":21}\n{"size":3,"y":30}\n');
    const { stdout } = await holdfast('--json', 'evaluate', 'rent', '1', file);
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'rent',
      version: 1,
      measures: { task: 'regression', n: 2, mae: 0.5, bias: -0.5 },
      rejected: 0,
    });
  });

  it.each<[string, string[], RegExp]>([
    ['a version that is not there', ['evaluate', 'm', '9', 'x.csv'], /m has no version 9; it has version 1/],
    [
      'a slice that is no category',
      ['evaluate', 'm', '@', '--ignore', 'who', '--slice', 'a'],
      /--slice: expected features that are categories/,
    ],
    ['a model that is not there', ['evaluate', 'nobody', '@'], /there is no model "nobody"/],
  ])('refuses %s', async (_, args, message) => {
    const file = await folder.write('table.csv', TABLE);
    const failed = holdfast(...args.map((arg) => (arg === '@' ? file : arg)));
    await expect(failed).rejects.toMatchObject({ stderr: expect.stringMatching(message) });
  });
});

describe('predict', { timeout: 120_000 }, () => {
  it('answers every row in its place, with what is kept beside it', async () => {
    const file = await folder.write('table.csv', TABLE);
    const { stdout, stderr } = await holdfast('predict', 'm', file, '--keep', 'who,label', '--probabilities');
    expect(stdout.split('\n')).toEqual([
      'who,label,prediction,probability,p(no),p(yes)',
      'ann,no,no,0.75,0.75,0.25',
      '"b, o",no,yes,0.75,0.25,0.75',
      'cy,yes,,,,',
      'dee,yes,yes,0.875,0.125,0.875',
      '',
    ]);
    expect(stderr).toMatch(/1 rows have no answer:\n +line 4: b: expected a finite number, got "x"/);
  });

  it.each([
    ['a table without labels', 'rent', 'flats.csv', 'size\n2\n3.5\n', ['row,prediction', '1,20', '2,35']],
    [
      'lines',
      'rent',
      'flats.ndjson',
      '{"size":2}\n{"instance":{"size":4}}\n',
      ['row,prediction', '1,20', '2,40'],
    ],
    [
      'lines of tensors',
      'spectra',
      't.ndjson',
      '{"instance":[[0.25,0.75,0],[0,0,0]]}\n',
      ['row,prediction,probability', '1,yes,0.75'],
    ],
    ['columns of pixels', 'grey', 'p.csv', 'p0,p1\n3,1\n', ['row,prediction,probability', '1,no,3']],
  ])('reads %s', async (_, model, name, text, expected) => {
    const file = await folder.write(name, text);
    expect((await holdfast('predict', model, file)).stdout.trim().split('\n')).toEqual(expected);
  });

  it('reads arrays and pictures, and answers as the edge does', async () => {
    const fixture = join(import.meta.dirname, '../../../fixtures/numpy/x_f4.npy');
    const { stdout } = await holdfast('--json', 'predict', 'spectra', fixture);
    // The first two numbers of each: (i - 7) / 4.
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([0, 6, 12, 18].map((i, row) => ({ row, prediction: 'yes', probability: (i + 1 - 7) / 4 })));
    const picture = imageFile('rgb.png');
    await folder.write('pictures/deep/one.png', picture);
    await folder.write('pictures/two.png', picture);
    await folder.write('pictures/notes.txt', 'no picture');
    const answers = await holdfast('predict', 'grey', join(folder.path, 'pictures'), '--probabilities');
    const line = answers.stdout.split('\n')[1]?.split(',') ?? [];
    const store = createS3Store({ bucket: 'holdfast', endpoint: s3.endpoint, credentials: LOCAL_KEYS });
    const edge = createEdge(store, await loadWasmModule(), { decoders: await loadDecoderModule() });
    const b64 = toBase64(picture);
    const response = await edge.predict('grey', { instances: [{ b64 }] });
    const { predictions } = (await response.json()) as { predictions: number[][] };
    expect(line[0]).toBe('deep/one.png');
    expect(line.slice(3).map(Number)).toEqual(predictions[0]);
  });

  it('writes into a file, and fails where most has no answer', async () => {
    const file = await folder.write('bad.csv', 'size\nx\ny\n2\n');
    const out = join(folder.path, 'answers.csv');
    await expect(holdfast('predict', 'rent', file, '--out', out)).rejects.toMatchObject({
      stderr: expect.stringMatching(/2 of 3 rows have no answer/),
    });
    expect(await readFile(out, 'utf8')).toBe('row,prediction\n1,\n2,\n3,20\n');
  });
});
