import { expect, test } from 'vitest';
import { gunzip, gzip } from '../../shared/bytes.ts';
import { randomNumbers } from './model/support.ts';

test('others have their turns while megabytes are compressed', async () => {
  const bytes = new Uint8Array(randomNumbers(2 ** 19, 1).buffer);
  let compressed: Uint8Array | undefined;
  const compressing = gzip(bytes).then((result) => (compressed = result));
  let turns = 0;
  for (; compressed === undefined; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  expect(turns).toBeGreaterThanOrEqual(10);
  expect(await gunzip(await compressing)).toEqual(bytes);
});
