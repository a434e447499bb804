/**
 * Electricity prices of New South Wales (Elec2, M. Harries 1999): a stream that drifts, from its file to a second
 * version, months predicted before they are learned from.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { DATA_NOTE, dataPath, hasData } from '../support/data.ts';
import { useTempFolder } from '../support/temp-folder.ts';
import { accuracyOf, type Deployment, FIXED_SPEC, startDeployment } from './deployment.ts';

const FILE = dataPath('streams', 'elec2.csv.gz');
/** The reference's own division: it starts with the first tenth, then goes on in blocks of a twentieth. */
const START = 4_531;
const NEXT = 9_062;
const AFTER = 11_327;

/** How far an accuracy on a block may lie from scikit-learn's: another network, another holdout. */
const TOLERANCE = 0.06;

describe.skipIf(!hasData)(`Elec2, from its file to a second version${DATA_NOTE}`, () => {
  const folder = useTempFolder();
  let deployment: Deployment;
  let stream: Stream;
  let reference: Reference;

  beforeAll(async () => {
    deployment = await startDeployment();
    stream = await readStream();
    reference = await readReference();
  });
  afterAll(() => deployment?.dispose());

  const importRows = (from: number, to: number): Promise<string> => {
    const part = ['--skip', String(from), '--limit', String(to - from)];
    return deployment.holdfast('import', 'prices', FILE, '--label', 'class', '--ignore', 'date', ...part);
  };
  const predictRows = async (from: number, to: number, version?: number): Promise<number> => {
    const answers = await deployment.predict('prices', stream.rows.slice(from, to), version);
    return accuracyOf(answers, stream.labels.slice(from, to));
  };

  test('a model is described by the columns of the file', async () => {
    const spec = await folder.write('spec.json', FIXED_SPEC);
    const columns = ['--from', FILE, '--label', 'class', '--ignore', 'date'];
    const said = await deployment.holdfast(
      'create',
      'prices',
      ...columns,
      '--window',
      '2000',
      '--spec',
      spec,
    );
    expect(said).toContain('7 features (numbers): day, period, nswprice');
    expect(said).toContain('DOWN, UP');
  });

  test('the first months make a version that beats what needs no model, and serves', async () => {
    expect(await importRows(0, START)).toMatch(
      /imported 4,531 examples .*\n.*\nlabels {3}DOWN 2,739, UP 1,792/,
    );
    const run = await deployment.train('prices');
    expect(run).toMatchObject({ status: 'complete', verdict: 'promote', promoted: true, candidate: 1 });
    const { verdict } = await deployment.report('prices', run);
    const baseline = verdict.checks.find(({ check }) => check === 'baseline');
    expect(baseline?.lower).toBeGreaterThan(0.05);
    // Labels that are imported were known to nobody in time to be repeated.
    const asked = baseline?.parts?.filter(({ verdict }) => verdict !== 'skip').map(({ id }) => id);
    expect(asked).toEqual(['majority', 'kappa']);
  });

  test('on the months after, it is as good as scikit-learn with the same data', async () => {
    const [first, second] = reference.mlp_static;
    expect(Math.abs((await predictRows(START, 6_796)) - first)).toBeLessThan(TOLERANCE);
    expect(Math.abs((await predictRows(6_796, NEXT)) - second)).toBeLessThan(TOLERANCE);
  });

  test('the next months make a second version, and the months after those say the gate was right to find it better', async () => {
    await importRows(START, NEXT);
    const run = await deployment.train('prices');
    expect(run).toMatchObject({ status: 'complete', candidate: 2, championAtStart: 1 });
    const { windows, verdict } = await deployment.report('prices', run);
    expect(windows.map(({ kind }) => kind)).toEqual(['past', 'past', 'current']);
    const current = verdict.checks.find(({ check }) => check === 'current-window');
    expect(current).toMatchObject({ verdict: 'pass' });
    expect(current?.estimate).toBeGreaterThan(0);

    const champion = await predictRows(NEXT, AFTER, 1);
    const candidate = await predictRows(NEXT, AFTER, 2);
    expect(Math.abs(candidate - reference.mlp_retrain_all_past[2])).toBeLessThan(TOLERANCE);
    expect(candidate).toBeGreaterThan(champion);
    expect(run).toMatchObject({ verdict: 'promote', promoted: true });
  });
});

interface Stream {
  /** The features that the model reads, in the file's order. */
  readonly rows: readonly number[][];
  readonly labels: readonly string[];
}

async function readStream(): Promise<Stream> {
  const lines = gunzipSync(await readFile(FILE))
    .toString()
    .trim()
    .split('\n')
    .slice(1, AFTER + 1);
  const cells = lines.map((line) => line.split(','));
  return {
    rows: cells.map((row) => row.slice(1, -1).map(Number)),
    labels: cells.map((row) => row.at(-1) ?? ''),
  };
}

const blocks = z.object({ block_accuracy: z.tuple([z.number(), z.number(), z.number()], z.number()) });
const referenceSchema = z.object({
  results: z.object({ mlp_static: blocks, mlp_retrain_all_past: blocks }),
});
type Reference = Awaited<ReturnType<typeof readReference>>;

/** Accuracy of scikit-learn's MLP(32) on the blocks after the first tenth (streams/README.md). */
async function readReference() {
  const json: unknown = JSON.parse(await readFile(dataPath('streams', 'elec2.baselines.json'), 'utf8'));
  const { results } = referenceSchema.parse(json);
  return {
    mlp_static: results.mlp_static.block_accuracy,
    mlp_retrain_all_past: results.mlp_retrain_all_past.block_accuracy,
  };
}
