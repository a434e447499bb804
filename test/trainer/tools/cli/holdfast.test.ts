/**
 * The real command in child processes, straight on a store.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import { saveQuarantine } from '../../../../shared/registry/quarantine.ts';
import { createS3Store } from '../../../../trainer/node/s3-store.ts';
import { encodePng, type Picture } from '../../../../trainer/report/page/png.ts';
import { createGraph } from '../../../support/graph-def.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { LOCAL_KEYS, type LocalS3, startLocalS3 } from '../../node/local-s3.ts';

const BIN = 'trainer/tools/cli/holdfast.mjs';
const SYSTEM_NODE = '/usr/bin/node';
const folder = useTempFolder();

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function execute(node: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((done) => {
    execFile(
      node,
      args,
      { env: { PATH, HOME, USER: 'ann', ...env }, timeout: 60_000 },
      (error, out, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, out, err: stderr });
      },
    );
  });
}

let s3: LocalS3;
beforeAll(async () => {
  s3 = await startLocalS3();
});
afterAll(() => s3.close());

/** Runs `holdfast` on the test's bucket. */
function holdfast(...args: readonly string[]): Promise<Outcome> {
  const env = { HOLDFAST_STORE: 's3://holdfast', HOLDFAST_ENDPOINT: s3.endpoint };
  return execute(process.execPath, [BIN, ...args], env);
}

/** Two blobs that a small head can tell apart, and one bad row. */
async function writeBlobs(name: string, rows: number, seed: number): Promise<string> {
  const random = createRandom(seed);
  const lines = Array.from({ length: rows }, () => {
    const label = random.below(2);
    const [x, y] = [random.uniform() + label, random.uniform() - label];
    return `${x.toFixed(4)},${y.toFixed(4)},${label === 0 ? 'left' : 'right'}`;
  });
  return folder.write(name, ['x,y,label', ...lines, 'far,0,left', ''].join('\n'));
}

async function setAugmentation(model: string, augmentation: object): Promise<void> {
  const spec = JSON.parse((await holdfast('spec', 'get', model, '--json')).out);
  const changed = { ...spec, training: { ...spec.training, augmentation } };
  await holdfast('spec', 'set', model, await folder.write(`${model}.json`, JSON.stringify(changed)));
}

/** A grey picture of 6 x 6 with a bright bar. */
function shape(value: number): Picture {
  const pixels = Uint8Array.from({ length: 36 }, (_, i) => (i % 6 === 2 ? value : 10));
  return { height: 6, width: 6, channels: 1, pixels };
}

async function decideAboutLabels(): Promise<void> {
  expect((await holdfast('quarantine', 'blobs')).out).toBe('no labels of blobs are kept apart\n');
  const store = createS3Store({ bucket: 'holdfast', endpoint: s3.endpoint, credentials: LOCAL_KEYS });
  await saveQuarantine(store, 'blobs', {
    format: 'holdfast-quarantine/1',
    fromMs: 1_000,
    toMs: 2_000,
    status: 'held',
    kind: 'renamed',
    run: 'one',
    at: '2026-11-24T03:00:00.000Z',
    reason: 'labels changed places',
    examples: 50,
    agreement: 0.1,
    usual: 0.9,
    renamings: [],
    scale: null,
    sample: [],
    ended: null,
    former: [],
  });
  expect((await holdfast('status', 'blobs')).out).toMatch(/^labels of 1970.* are kept apart: labels changed/);
  expect((await holdfast('status')).out).toContain('labels are kept apart');
  expect((await holdfast('quarantine', 'blobs')).out).toMatch(
    /1000-2000 .* 50 {2}held .* labels changed places/,
  );
  const released = await holdfast('quarantine', 'blobs', 'release', '--reason', 'renamed');
  expect(released.out).toMatch(
    /^released: 50 labels of blobs train and judge from the next run on \(by ann@/,
  );
  expect((await holdfast('quarantine', 'blobs', 'release')).code).toBe(2);
  const discarded = await holdfast('quarantine', 'blobs', 'discard', '1000-2000', '--by', 'bob', '--json');
  expect(JSON.parse(discarded.out)).toMatchObject({
    status: 'discarded',
    ended: { by: 'bob' },
    former: [{ status: 'released', why: 'renamed' }],
  });
  expect((await holdfast('quarantine', 'blobs', 'release', '3-4')).err).toMatch(/has no quarantine 3-4/);
  expect((await holdfast('quarantine', 'blobs', 'forget')).code).toBe(2);
}

describe('holdfast', () => {
  it('takes a model from a CSV to a champion, and back', async () => {
    const file = await writeBlobs('blobs.csv', 3_000, 1);
    // The bad row makes x text for who infers features, so they are named here.
    const create = ['create', 'blobs', '--feature', 'x', '--feature', 'y', '--labels', 'left,right'];
    expect(
      await holdfast(...create, '--head', '8', '--epochs', '8', '--learning-rate', '0.01'),
    ).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 features (numbers): x, y'),
    });
    const imported = await holdfast('import', 'blobs', file);
    expect(imported.out).toMatch(/imported 3,000 examples from blobs\.csv/);
    expect(imported.out).toMatch(/rejected 1 rows:\n {2}line 3002: x: expected a finite number, got "far"/);

    const trained = JSON.parse((await holdfast('train', 'blobs', '--json', '--by', 'the night shift')).out);
    expect(trained).toMatchObject({
      status: 'complete',
      verdict: 'promote',
      promoted: true,
      by: 'the night shift',
    });
    const again = JSON.parse(
      (await holdfast('train', 'blobs', '--snapshot', trained.snapshot, '--no-promote', '--json')).out,
    );
    expect(again).toMatchObject({ snapshot: trained.snapshot, promoted: false });

    expect(again).toMatchObject({ candidate: 2 });
    await holdfast('promote', 'blobs', '2', '--force', '--reason', 'a look at both');
    expect((await holdfast('rollback', 'blobs', '--reason', 'second thoughts')).out).toMatch(
      /rolled back: the champion of blobs is version 1, it was version 2/,
    );
    expect((await holdfast('rollback', 'blobs', '--reason', 'again', '--from', '2')).out).toBe(
      'nothing was done: version 2 no longer serves blobs, version 1 does\n',
    );
    expect((await holdfast('status', 'blobs')).out).toMatch(/^promotion of blobs is paused since ann/);
    expect((await holdfast('status')).out).toContain('promotion is paused');
    expect((await holdfast('resume-promotion', 'blobs', '--until-better')).out).toMatch(
      /or a candidate that/,
    );
    expect((await holdfast('resume-promotion', 'blobs')).out).toMatch(/^runs may promote versions of blobs/);
    expect((await holdfast('resume-promotion', 'blobs')).err).toMatch(/promotion of blobs is not paused/);
    const answered = JSON.parse((await holdfast('at', 'blobs', '2126-03-01T10:00Z', '--json')).out);
    expect(answered).toMatchObject({
      version: 1,
      move: { action: 'rollback', by: expect.stringContaining('ann@') },
    });
    expect((await holdfast('at', 'blobs', '2126-03-01T10:00')).code).toBe(2);
    const versions = await holdfast('versions', 'blobs');
    expect(versions.out).toMatch(/★ champion +1 /);
    const history = JSON.parse((await holdfast('history', 'blobs', '--json')).out);
    expect(history.at(-1)).toMatchObject({ to: 1 });
    expect((await holdfast('status')).out).toMatch(/blobs +1 /);
    expect((await holdfast('runs', 'blobs')).out).toContain(trained.id);

    const report = join(folder.path, 'report.html');
    await holdfast('run', 'blobs', trained.id, '--report', report);
    expect(await readFile(report, 'utf8')).toContain('<!doctype html>');
    const page = join(folder.path, 'compare.html');
    const compared = await holdfast('compare', 'blobs', '1', '2', '--splits', '2', '--page', page);
    expect(compared.out).toMatch(/2 random splits, [\d,]+ examples to train on/);
    expect(compared.out).toMatch(/Neither recipe is shown to be better/);
    expect(await readFile(page, 'utf8')).toContain('<!doctype html>');

    const kept = join(folder.path, 'again');
    const reproduced = await holdfast('reproduce', 'blobs', '1', '--keep', kept);
    expect(reproduced).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^reproduction \S+-1-\S+: if it is/),
    });
    expect(reproduced.out).toMatch(/edge\.bin +([0-9a-f]{16}) +\1 +same\n/);
    expect(reproduced.out).toMatch(/\nSame: all four files, digest for digest\nsaved in /);
    expect((await readdir(kept)).sort()).toEqual(['edge.bin', 'edge.json', 'model.json', 'weights.bin']);
    const served = (await holdfast('reproduce', 'blobs', '1', '--json')).out;
    expect(JSON.parse(served)).toMatchObject({ status: 'complete', outcome: { same: true } });
    expect(await holdfast('reproduce', 'blobs', '1', '--resume', 'none')).toMatchObject({
      code: 1,
      err: 'error: blobs has no reproduction "none"\n',
    });

    const exported = join(folder.path, 'exported');
    await holdfast('export', 'blobs', '1', exported);
    expect(await readdir(exported)).toEqual(['manifest.json', 'model.json', 'weights.bin']);
  });

  it('asks for another look at the same labels where a person wants one', async () => {
    expect((await holdfast('train', 'blobs')).code).toBe(5);
    const again = JSON.parse((await holdfast('train', 'blobs', '--again', '--json')).out);
    expect(again).toMatchObject({ again: true });
  });

  it('lists labels that a run kept apart, releases and discards them', decideAboutLabels);

  it('shows what augmentation does to rows, and at which rate they are learned fastest', async () => {
    const file = await writeBlobs('rows.csv', 600, 2);
    const create = ['create', 'rows', '--feature', 'x', '--feature', 'y', '--labels', 'left,right'];
    await holdfast(...create);
    const out = join(folder.path, 'rows.html');
    const preview = ['augment', 'preview', 'rows', '--examples', '3', '--copies', '2'];
    expect(await holdfast(...preview)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/the spec of rows has no training\.augmentation: add .*"featureDropout"/),
    });
    await setAugmentation('rows', { noise: 0.2, featureDropout: 0.3 });
    expect((await holdfast(...preview, '--out', out)).err).toMatch(
      /^error: rows has no labelled examples to train on yet/,
    );
    expect((await holdfast('lr-find', 'rows')).err).toMatch(/^error: rows has no labelled examples yet/);
    await holdfast('import', 'rows', file);

    const shown = await holdfast(...preview, '--out', out);
    expect(shown.out).toMatch(/EXAMPLE +x +y\n(left|right) .*\ncopy 1 .*\ncopy 2 /);
    expect(shown.out).toContain(`rows: 3 examples, 2 copies each, seed 1\nnoise 0.2, featureDropout 0.3`);
    expect(await readFile(out, 'utf8')).toMatch(/<!doctype html>[^]*copy 2/);
    const again = JSON.parse((await holdfast(...preview, '--out', out, '--json')).out);
    const other = JSON.parse((await holdfast(...preview, '--out', out, '--json', '--seed', '2')).out);
    expect(again.examples).toHaveLength(3);
    expect(other.examples).not.toEqual(again.examples);
    expect((await holdfast(...preview, '--out', 'rows.png')).err).toMatch(/a \.png holds pictures/);
    expect((await holdfast(...preview, '--from', folder.path)).err).toMatch(/--from holds pictures/);

    const rates = join(folder.path, 'rates.html');
    const found = await holdfast('lr-find', 'rows', '--out', rates);
    expect(found.out).toMatch(/training examples in batches of 32, from a new initialisation; 100 steps/);
    expect(found.out).toMatch(/The loss fell fastest at 0\.0\d+; the spec trains with 0\.001/);
    expect(await readFile(rates, 'utf8')).toMatch(/<!doctype html>[^]*suggested/);
    const json = JSON.parse((await holdfast('lr-find', 'rows', '--json')).out);
    expect(json).toMatchObject({ format: 'holdfast-rate-search/1', parent: null, steps: 100 });
    expect(json.suggestion).toBeGreaterThan(1e-4);
    expect((await holdfast('runs', 'rows')).out).not.toContain('lr-find');
  });

  it('shows what augmentation does to pictures, as a page and as a sheet', async () => {
    const create = ['create', 'shapes', '--input', 'image', '--size', '6x6x1', '--labels', 'a,b'];
    await holdfast(...create);
    await setAugmentation('shapes', { rotation: 20, noise: 0.1, mixup: 0.2 });
    await folder.write('shapes/one.png', await encodePng(shape(40)));
    await folder.write('shapes/deeper/two.png', await encodePng(shape(200)));
    const preview = ['augment', 'preview', 'shapes', '--from', join(folder.path, 'shapes'), '--copies', '3'];
    const page = join(folder.path, 'shapes.html');
    const shown = await holdfast(...preview, '--out', page);
    expect(shown.out).toMatch(
      /^shapes: 2 examples, 3 copies each, seed 1\nrotation 20, noise 0\.1.*mixup is for batches/,
    );
    const text = await readFile(page, 'utf8');
    expect(text.match(/data:image\/png/g)).toHaveLength(2 * 4);
    expect(text).toContain('deeper/two.png');
    expect(text).toMatch(/rotated [+−]\d/);
    const sheet = join(folder.path, 'sheet.png');
    const { examples } = JSON.parse((await holdfast(...preview, '--out', sheet, '--json')).out);
    expect(examples[0].copies[2]).toMatchObject({ scale: 1, flip: { horizontal: false } });
    expect((await readFile(sheet)).subarray(1, 4).toString()).toBe('PNG');
    expect((await holdfast(...preview, '--out', 'sheet.gif')).err).toMatch(/ends with \.html or \.png/);
    const nothing = ['augment', 'preview', 'shapes', '--from', join(folder.path, 'nowhere')];
    expect((await holdfast(...nothing)).err).toMatch(/nowhere: there is no such file or folder/);
  });

  it('infers a spec, shows it without its salt, and changes what may change', async () => {
    const file = await folder.write('mixed.csv', 'n,colour,label\n1,red,b\n2.5,blue,a\n3,red,a\n');
    const created = JSON.parse((await holdfast('create', 'mixed', '--from', file, '--json')).out);
    expect(created).toMatchObject({
      labels: ['a', 'b'],
      input: {
        features: [
          { name: 'n', type: 'number' },
          { name: 'colour', values: ['blue', 'red'] },
        ],
      },
    });
    const spec = JSON.parse((await holdfast('spec', 'get', 'mixed', '--json')).out);
    expect(spec).toEqual(created);
    expect(spec).not.toHaveProperty('salt');
    const edited = await folder.write('edited.json', JSON.stringify({ ...spec, description: 'edited' }));
    expect(await holdfast('spec', 'set', 'mixed', edited)).toMatchObject({
      code: 0,
      out: expect.stringContaining('edited'),
    });
    const other = await folder.write('other.json', JSON.stringify({ ...spec, labels: ['a', 'c'] }));
    expect(await holdfast('spec', 'set', 'mixed', other)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: mixed: labels\[1\]: expected "b", got "c"/),
    });
  });

  it('takes a number to predict from a CSV to a champion, and compares two recipes by their errors', async () => {
    const random = createRandom(3);
    const rows = Array.from({ length: 2_000 }, () => {
      const [size, noise] = [20 + 80 * random.uniform(), random.uniform()];
      return `${size.toFixed(2)},${(300 + 12 * size + 100 * noise).toFixed(2)}`;
    });
    const file = await folder.write('rents.csv', ['size,rent', ...rows, ''].join('\n'));
    const recipe = ['--head', '8', '--epochs', '10', '--learning-rate', '0.02'];
    const created = await holdfast(
      'create',
      'rents',
      '--from',
      file,
      '--label',
      'rent',
      '--unit',
      'EUR',
      ...recipe,
    );
    expect(created.out).toMatch(/target +rent in EUR\n/);
    expect(created.out).toMatch(/head +8 relu → 1 linear\n/);
    const bad = await folder.write('bad.csv', 'size,rent\n50,cheap\n50,NaN\n50,\n50,900\n');
    expect((await holdfast('import', 'rents', bad, '--label', 'rent', '--dry-run')).out).toMatch(
      /label: expected a finite number, got "cheap"\n.*got "NaN"\n.*got ""/,
    );
    const imported = await holdfast('import', 'rents', file, '--label', 'rent');
    expect(imported.out).toMatch(/target +rent in EUR: [\d.]+ to [\d.]+, mean [\d.]+/);
    const trained = JSON.parse((await holdfast('train', 'rents', '--json')).out);
    expect(trained).toMatchObject({ verdict: 'promote', promoted: true });
    await holdfast('train', 'rents', '--snapshot', trained.snapshot, '--no-promote', '--json');
    const compared = await holdfast('compare', 'rents', '1', '2', '--splits', '2');
    expect(compared.out).toMatch(/fall of the mean absolute error: /);
    expect(compared.out).toMatch(/[\d.]+ EUR/);
    const { salt: _, ...spec } = JSON.parse((await holdfast('spec', 'get', 'rents', '--json')).out);
    const other = await folder.write('other.json', JSON.stringify({ ...spec, target: { name: 'price' } }));
    expect((await holdfast('spec', 'set', 'rents', other)).err).toMatch(/^error: rents: target can't change/);
  });

  it.each([
    ['whole numbers of few values are classes', [1, 2, 3, 1, 2, 3], [], 'classification'],
    ['whole numbers of many values are a target', Array.from({ length: 40 }, (_, i) => i), [], 'regression'],
    ['numbers that are not whole are a target', [0.5, 1.5, 0.5], [], 'regression'],
    [
      'numbers are classes where that is said',
      [0.5, 1.5, 0.5],
      ['--task', 'classification'],
      'classification',
    ],
    ['few whole numbers are a target where that is said', [1, 2, 3], ['--task', 'regression'], 'regression'],
    ['words are classes', ['a', 'b', 'a'], [], 'classification'],
  ])('infers the task of a label column: %s', async (name, labels, options, task) => {
    const file = await folder.write('task.csv', `x,label\n${labels.map((y, i) => `${i},${y}\n`).join('')}`);
    const model = name
      .toLowerCase()
      .replaceAll(/[^a-z]+/g, '-')
      .slice(0, 40);
    const created = await holdfast('create', model, '--from', file, '--json', ...options);
    expect(JSON.parse(created.out).task).toBe(task);
  });

  it('refuses words as the target of a regression', async () => {
    const file = await folder.write('words.csv', 'x,label\n1,a\n2,b\n');
    expect(await holdfast('create', 'words', '--from', file, '--task', 'regression')).toMatchObject({
      err: expect.stringContaining('expected numbers only in "label", the target of a regression'),
    });
  });

  it('takes numbers of which some are missing for numbers that may be missing', async () => {
    const file = await folder.write('missing.csv', 'x,label\n1,a\nNaN,b\n2,a\n');
    const created = await holdfast('create', 'missing', '--from', file);
    expect(created.out).toMatch(/^x +a number +1 +2 +1, 2$/m);
    expect(JSON.parse((await holdfast('spec', 'get', 'missing', '--json')).out).input.features).toEqual([
      { name: 'x', type: 'number', missing: true },
    ]);
  });

  it('ends with 1 when most rows are refused, and says how many', async () => {
    const file = await folder.write('half.csv', 'x,label\n1,a\n2,b\n');
    await holdfast('create', 'half', '--from', file);
    const bad = await folder.write('bad-half.csv', 'x,label\n1,a\nfar,b\n3,c\n');
    expect(await holdfast('import', 'half', bad)).toMatchObject({
      code: 1,
      out: expect.stringContaining('imported 1 examples'),
      err: expect.stringContaining('2 of 3 rows of bad-half.csv were rejected'),
    });
  });

  it('imports a GraphModel, from a folder and from the bucket, as a base and as a version', async () => {
    const graph = createGraph();
    const x = graph.placeholder([-1, 4, 4, 1]);
    const relu = graph.add('Relu', [graph.add('Mul', [x, graph.floats([], [2])])], {}, 'features');
    const mean = graph.add('Mean', [relu, graph.ints(1, 2)]);
    const logits = graph.add('MatMul', [mean, graph.floats([1, 2], [1, -1])]);
    const { json, weights } = graph.finish(graph.add('Softmax', [logits]));
    const path = await folder.write('net/model.json', JSON.stringify(json));
    await folder.write('net/group1-shard1of1.bin', weights);

    const base = await holdfast('base', 'import', path, '--layer', 'features', '--json');
    expect(JSON.parse(base.out)).toMatchObject({ pooling: 'average', featureSize: 1 });
    expect((await holdfast('base', 'import', path, '--layer', 'feature')).err).toMatch(
      /no layer "feature"; the nearest names are features, /,
    );
    const store = createS3Store({ bucket: 'holdfast', endpoint: s3.endpoint, credentials: LOCAL_KEYS });
    await store.put('uploads/net/model.json', new TextEncoder().encode(JSON.stringify(json)));
    await store.put('uploads/net/group1-shard1of1.bin', weights);
    const source = 's3://holdfast/uploads/net';
    const again = await holdfast('base', 'import', source, '--layer', 'features', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ repeated: true });

    expect((await holdfast('import-model', 'bright', source)).err).toMatch(/expected 2 labels/);
    const imported = await holdfast('import-model', 'bright', source, '--labels', 'yes,no');
    expect(imported.out).toMatch(/imported version 1 of bright[^]*base +\w{12}[^]*promote bright 1 --force/);
    const held = await holdfast('promote', 'bright', '1', '--reason', 'it served elsewhere');
    expect(held).toMatchObject({
      code: 1,
      err: expect.stringMatching(/verdict is hold \(imported from s3:/),
    });
    const forced = await holdfast('promote', 'bright', '1', '--reason', 'it served elsewhere', '--force');
    expect(forced.out).toMatch(/the champion of bright is version 1.*forced/);
  });

  it('shows a key once, with the digest that lets it in', async () => {
    const made = await holdfast('key', 'create', '--name', 'app', '--scope', 'predict,feedback', '--json');
    const { token, entry } = JSON.parse(made.out);
    const sha256 = createHash('sha256').update(token).digest('hex');
    expect(entry).toEqual({ name: 'app', sha256, scopes: ['predict', 'feedback'] });
  });

  it.each([
    [['status', 'nobody'], 1, /^error: there is no model "nobody"\n$/],
    [['promote', 'nobody', '1', '--reason', 'x'], 1, /^error: there is no model "nobody"\n$/],
    [['import', 'nobody', 'x.csv'], 1, /^error: there is no model "nobody"\n$/],
    [['promote', 'm', 'three', '--reason', 'x'], 2, /expected a whole number from 1 on, got "three"/],
    [['promote', 'm', '3'], 2, /required option '--reason <text>'/],
    [['create', 'Bad Name', '--feature', 'a', '--labels', 'a,b'], 2, /name: expected 1 to 128 of letters/],
    [['create', 'm', '--labels', 'a,b'], 2, /input: .*\(give --from, --feature, --size or --shape/],
    [['create', 'm', '--input', 'image', '--labels', 'a,b'], 2, /an image needs its --size/],
    [['key', 'create', '--name', 'x', '--scope', 'admin'], 2, /expected some of predict, feedback, operate/],
    [['augment', 'preview', 'nobody'], 1, /^error: there is no model "nobody"\n$/],
    [['augment', 'preview', 'm', '--copies', '0'], 2, /expected a whole number from 1 on, got "0"/],
    [['lr-find', 'nobody'], 1, /^error: there is no model "nobody"\n$/],
    [['lr-find', 'm', '--from', '0'], 2, /expected a rate above 0, at most 100, got 0/],
    [['lr-find', 'm', '--from', '1', '--to', '0.1'], 2, /expected --from below --to, got 1 and 0.1/],
    [['fly'], 2, /unknown command 'fly'/],
    [['status', '--store', 'holdfast'], 2, /expected a store like s3:\/\/bucket/],
    [['train', 'm', '--no-promote', '--url', 'http://127.0.0.1:2'], 2, /--no-promote need --store/],
    [
      ['status', '--url', 'http://127.0.0.1:2'],
      1,
      /does not answer \(ECONNREFUSED\): is npm start running\?/,
    ],
    [['import', 'm', 'x.csv', '--url', 'https://a.example'], 2, /needs the bucket itself/],
  ])('ends %j with code %i and one clear line', async (args, code, message) => {
    const env = args.includes('--url')
      ? {}
      : { HOLDFAST_STORE: 's3://holdfast', HOLDFAST_ENDPOINT: s3.endpoint };
    const outcome = await execute(process.execPath, [BIN, ...args], env);
    expect(outcome).toMatchObject({ code, out: '', err: expect.stringMatching(message) });
    expect(outcome.err).not.toContain('    at ');
  });

  it('gives an error as JSON where JSON was asked for', async () => {
    const outcome = await holdfast('status', 'nobody', '--json');
    expect(JSON.parse(outcome.err)).toEqual({
      error: 'there is no model "nobody"',
      kind: 'unknown-model',
      model: 'nobody',
    });
  });

  it.each([
    '',
    'create',
    'import',
    'base import',
    'base list',
    'import-model',
    'train',
    'compare',
    'reproduce',
    'augment preview',
    'lr-find',
    'runs',
    'run',
    'resume',
    'promote',
    'rollback',
  ])('explains "%s" when asked for help', async (command) => {
    const { code, out } = await holdfast(...command.split(' ').filter(Boolean), '--help');
    expect(code).toBe(0);
    expect(out).toMatch(command === '' ? /Exit codes/ : /Example:\n {2}\$ npx holdfast /);
  });
});

/** The command where nothing is installed. */
async function copyAlone(): Promise<string> {
  const cli = join(folder.path, 'trainer', 'tools', 'cli');
  await mkdir(cli, { recursive: true });
  await copyFile(BIN, join(cli, 'holdfast.mjs'));
  await copyFile('trainer/tools/node-version.mjs', join(folder.path, 'trainer', 'tools', 'node-version.mjs'));
  return join(cli, 'holdfast.mjs');
}

describe('holdfast where nothing is installed', () => {
  it('says how to install it', async () => {
    expect(await execute(process.execPath, [await copyAlone(), 'status'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/not installed:\s+npm ci && npx holdfast/),
    });
  });
});

const oldNode = existsSync(SYSTEM_NODE) ? SYSTEM_NODE : null;
describe.skipIf(oldNode === null)('holdfast on the Node of the system', () => {
  it('hands over to the Node that the project brings', async () => {
    expect(await execute(oldNode ?? '', [BIN, '--version'])).toMatchObject({ code: 0, err: '' });
  });

  it('says what to do when that one is missing and this one is too old', async () => {
    const version = (await execute(oldNode ?? '', ['--version'])).out.slice(1).split('.').map(Number);
    if ((version[0] ?? 0) >= 22) return;
    expect(await execute(oldNode ?? '', [await copyAlone(), 'status'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/needs Node 22\.18 or newer; this is Node \d+[^]*npm ci && npx holdfast/),
    });
  });
});
