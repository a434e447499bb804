import { expect, test } from 'vitest';
import { readEngine } from '../../../../trainer/node/write-engine.ts';
import { ENGINE } from '../../../../trainer/pipeline/fine-tune/engine.ts';

test('versions name the binaries that are here: npm run build:engine writes them down', async () => {
  expect(ENGINE).toEqual(await readEngine());
});
