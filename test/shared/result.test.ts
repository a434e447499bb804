import { expect, test } from 'vitest';
import { err, ok } from '../../shared/result.ts';

test('a result is either a value or an error', () => {
  expect(ok(3)).toEqual({ ok: true, value: 3 });
  expect(err('why')).toEqual({ ok: false, error: 'why' });
});
