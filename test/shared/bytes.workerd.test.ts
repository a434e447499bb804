import { expect, test } from 'vitest';
import { gunzip, gzip } from '../../shared/bytes.ts';
import { randomNumbers } from '../trainer/compile/support.ts';

test('others have their turns while megabytes are compressed', async () => {
  const bytes = new Uint8Array(randomNumbers(2 ** 19, 1).buffer);
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 0);
  const compressed = await gzip(bytes);
  clearInterval(counting);
  expect(turns).toBeGreaterThanOrEqual(10);
  expect(await gunzip(compressed)).toEqual(bytes);
});
