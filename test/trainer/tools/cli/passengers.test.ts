/**
 * A table with a quarter of its values missing: from the file to a promoted version that serves rows with gaps, in three
 * commands without a flag.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createS3Store } from '../../../../trainer/node/s3-store.ts';
import { createEdge } from '../../../functions/support.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { LOCAL_KEYS, type LocalS3, startLocalS3 } from '../../node/local-s3.ts';

const folder = useTempFolder();
const run = promisify(execFile);

let s3: LocalS3;
beforeAll(async () => {
  s3 = await startLocalS3();
});
afterAll(() => s3.close());

async function holdfast(...args: readonly string[]): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, USER: 'ann', HOLDFAST_STORE: 's3://holdfast', HOLDFAST_ENDPOINT: s3.endpoint };
  return (await run(process.execPath, ['trainer/tools/cli/holdfast.mjs', ...args], { env })).stdout;
}

/** Passengers of a ship, of whom it is known who survived, and not everything else. */
function writePassengers(rows: number): string {
  const random = createRandom(7);
  const maybe = (value: string, missing: number): string => (random.uniform() < missing ? '' : value);
  const lines = Array.from({ length: rows }, (_, i) => {
    const [klass, sex] = [1 + random.below(3), random.below(2)];
    const age = 1 + random.below(70);
    const fare = [80, 25, 9][klass - 1] as number;
    const score = 2 * sex - 0.9 * (klass - 2) - 0.015 * (age - 30) - 1 + 1.2 * (random.uniform() - 0.5);
    return [
      i + 1,
      score > 0 ? 1 : 0,
      klass,
      `"Passenger, No. ${i + 1}"`,
      maybe(sex === 1 ? 'female' : 'male', 0.1),
      maybe(String(age), 0.4),
      maybe((fare * (0.8 + 0.4 * random.uniform())).toFixed(2), 0.25),
      maybe(`C${random.below(9_000)}`, 0.75),
      maybe(['S', 'C', 'Q'][random.below(3)] as string, 0.3),
    ].join(',');
  });
  return ['PassengerId,Survived,Pclass,Name,Sex,Age,Fare,Cabin,Embarked', ...lines, ''].join('\n');
}

test(
  'goes from file to rows with gaps that are served, in three commands',
  { timeout: 240_000 },
  async () => {
    const file = await folder.write('passengers.csv', writePassengers(2_000));
    const created = await holdfast('create', 'passengers', '--from', file);
    expect(created).toMatch(/^PassengerId +left out: numbers that name rows \[--use PassengerId\]/m);
    expect(created).toMatch(/^Age +a number +\d+ /m);
    expect(created).toMatch(/^Survived +the label, 2 classes/m);
    expect(await holdfast('import', 'passengers', file)).toMatch(/^imported 2,000 examples/);
    const trained = await holdfast('train', 'passengers');
    expect(trained).toMatch(/version 1 is champion/);

    const store = createS3Store({ bucket: 'holdfast', endpoint: s3.endpoint, credentials: LOCAL_KEYS });
    const edge = createEdge(store, await loadWasmModule());
    const instances = [
      { Pclass: 3, Sex: 'male', Age: null, Fare: null, Embarked: 'S' },
      { Pclass: 1, Sex: 'female' },
      { Pclass: 1, Sex: 'female', Age: 'NA', Fare: '', Embarked: 'Hamburg' },
    ];
    const answer = await edge.call('/v1/models/passengers:predict', { key: 'predict', body: { instances } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('holdfast-unseen-values')).toBe('1');
    expect(await answer.json()).toMatchObject({ labels: ['0', '1', '1'] });
    const id = answer.headers.get('holdfast-prediction-id') ?? '';
    const items = [
      { prediction_id: `${id}.1`, label: 1, group: 17 },
      { instance: { Pclass: 2 }, label: 0, timestamp: '2026-01-01 00:00:00', group: 'family' },
    ];
    const fed = await edge.call('/v1/models/passengers:feedback', { key: 'feedback', body: { items } });
    expect([fed.status, await fed.json()]).toEqual([202, { accepted: 2, rejected: [] }]);
    const misspelt = { instances: [{ Pclass: 1, Sexe: 'female' }] };
    const refused = await edge.call('/v1/models/passengers:predict', { key: 'predict', body: misspelt });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'instances[0]: there is no feature "Sexe"' },
    ]);
  },
);
