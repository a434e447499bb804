/**
 * Sanity: the files that would serve are whole, and are not the champion's.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Part } from '../findings/check-result.ts';
import type { CommonEvidence } from '../evidence/evidence.ts';

/** Facts about the files; no statistics, so it passes or fails and never holds. */
export function checkSanity({ candidate, champion }: CommonEvidence): CheckOutcome {
  const difference = candidate.exportDifference.toExponential(1);
  const parts = [
    fact('weights', candidate.finite, 'every weight is finite', 'a weight is not a finite number'),
    fact(
      'files',
      candidate.reproduces,
      'the stored files give the same outputs when read back',
      'the stored files do not give the same outputs when read back',
    ),
    fact(
      'export',
      candidate.exportAgrees,
      `the exported model agrees (largest difference ${difference})`,
      `the exported model disagrees (largest difference ${difference})`,
    ),
    fact(
      'digest',
      candidate.digest !== champion?.digest,
      champion === null ? 'there is no champion to coincide with' : "the weights differ from the champion's",
      `the weights are those of the champion, version ${champion?.version}`,
    ),
  ];
  const sound = parts.every(({ verdict }) => verdict === 'pass');
  return sound
    ? { ...plainFinding('pass', 'weights are finite, files reproduce, export agrees'), parts }
    : gravestOf(parts, 'facts');
}

function fact(id: string, holds: boolean, whenTrue: string, whenFalse: string): Part {
  return { id, ...plainFinding(holds ? 'pass' : 'fail', holds ? whenTrue : whenFalse) };
}
