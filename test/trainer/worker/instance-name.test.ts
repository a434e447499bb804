import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MODEL_NAME } from '../../../shared/registry/store/keys.ts';
import { instanceName } from '../../../trainer/worker/instance-name.ts';

test('an instance is named after its model and record, as it always was', () => {
  expect(instanceName('digits', '20261130T030000Z-a1b2c3')).toBe('digits_20261130T030000Z-a1b2c3');
});

test('whatever the model is called, the name is one that Workflows take, and its own', () => {
  const model = fc
    .stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
    .filter((name) => MODEL_NAME.test(name));
  const id = fc.constantFrom('20261130T030000Z', '20261130T030000Z-a1b2c3');
  fc.assert(
    fc.property(model, id, model, id, (a, first, b, second) => {
      const name = instanceName(a, first);
      expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/);
      expect(name === instanceName(b, second)).toBe(a === b && first === second);
    }),
  );
});
