/**
 * A part of the evidence that was not supplied. Where it should be there (the policy asks for it, or whoever gathered the
 * evidence says that it broke), it holds, by name; otherwise the question does not arise.
 */
import { holdBroken, notAsked } from '../findings/check-result.ts';
import type { Finding } from '../findings/check-result.ts';
import type { CommonEvidence, EvidencePart } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';

export function absent(
  part: EvidencePart,
  { missing }: Pick<CommonEvidence, 'missing'>,
  { needs }: GatePolicy,
  detail: string,
): Finding {
  const reason = missing?.[part];
  if (reason !== undefined) return holdBroken(`${detail}, and should be there: ${reason}`);
  return needs.includes(part) ? holdBroken(`${detail}, and the policy needs it`) : notAsked(detail);
}
