import { expect, test } from 'vitest';
import { checkSanity } from '../../../../shared/continuity/checks/sanity.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const sound = evidenceOf([], { gains: 0, losses: 0, n: 10 });

test('passes sound files, with and without a champion', () => {
  expect(checkSanity(sound)).toMatchObject({
    verdict: 'pass',
    detail: 'weights are finite, files reproduce, export agrees',
  });
  expect(checkSanity(withoutChampion(sound)).verdict).toBe('pass');
});

test.each([
  [{ finite: false }, 'a weight is not a finite number'],
  [{ reproduces: false }, 'the stored files do not give the same outputs'],
  [
    { exportAgrees: false, exportDifference: 0.25 },
    'the exported model disagrees (largest difference 2.5e-1)',
  ],
  [{ digest: 'sha256:champion' }, 'the weights are those of the champion, version 3'],
])('fails on %j', (facts, detail) => {
  const outcome = checkSanity({ ...sound, candidate: { ...sound.candidate, ...facts } });
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain(detail);
  expect(outcome.parts?.filter(({ verdict }) => verdict === 'fail')).toHaveLength(1);
});

test('says of the digest what it was compared with', () => {
  const digest = (evidence: typeof sound) =>
    checkSanity(evidence).parts?.find(({ id }) => id === 'digest')?.detail;
  expect(digest(sound)).toBe("the weights differ from the champion's");
  expect(digest(withoutChampion(sound))).toBe('there is no champion to coincide with');
});
