import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keys, MODEL_NAME } from '../../../../shared/registry/store/keys.ts';

test('a model name is what clients of TF Serving and KServe have in their URLs', () => {
  const names = ['a', '0', 'mnist-2026', 'a-', 'half_plus_two', 'resnet_50_v1.5', 'Sentiment', '_', 'stats2'];
  for (const name of [...names, 'm'.repeat(128)]) expect(name).toMatch(MODEL_NAME);
  for (const name of ['', '-a', '.a', '..', 'a/b', 'a:b', 'a b', 'ä', 'a\n', 'stats', 'm'.repeat(129)]) {
    expect(name).not.toMatch(MODEL_NAME);
  }
});

test('sequence numbers sort as text in the order of the moves', () => {
  fc.assert(
    fc.property(fc.nat(99_999_999), fc.nat(99_999_999), (a, b) => {
      expect(keys.history('m', a) < keys.history('m', b)).toBe(a < b);
    }),
  );
});

test('no key of one model lies under a prefix of another', () => {
  const name = fc
    .stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
    .filter((name) => MODEL_NAME.test(name));
  fc.assert(
    fc.property(name, name, (a, b) => {
      fc.pre(a !== b);
      const written = [
        keys.spec(a),
        keys.alias(a, 'champion'),
        keys.inbox(a, 'x'),
        keys.run(a, 'x', 'run.json'),
      ];
      const prefixes = [
        keys.versions(b),
        keys.historyPrefix(b),
        keys.inboxPrefix(b),
        keys.eventsPrefix(b),
        keys.jobs('run', b),
      ];
      for (const key of written) for (const prefix of prefixes) expect(key.startsWith(prefix)).toBe(false);
    }),
  );
});

test('the prefixes are those of the keys they list', () => {
  expect(keys.history('m', 7)).toBe(`${keys.historyPrefix('m')}00000007.json`);
  expect(keys.inbox('m', 'x')).toBe(`${keys.inboxPrefix('m')}x.ndjson`);
  expect(keys.events('m', '2026-11-23', 'x')).toBe(`${keys.eventsPrefix('m')}dt=2026-11-23/x.ndjson.gz`);
  expect(keys.claim('m', 7)).toBe(`${keys.versions('m')}7/claim.json`);
  expect(keys.manifest('m', 7)).toBe(`${keys.versions('m')}7/manifest.json`);
  expect(keys.runSteps('m', 'x', 'split')).toBe(`${keys.jobs('run', 'm')}x/steps/split.json`);
  expect(keys.spec('m').startsWith(keys.models)).toBe(true);
  expect(keys.base('d', 'edge.bin').startsWith(keys.bases)).toBe(true);
});
