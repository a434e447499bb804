/**
 * A part of the evidence that was not supplied. Where it should be there (the policy asks for it, or whoever gathered the
 * evidence says that it broke), it holds, by name. Where there will never be any, that is told. Otherwise the question does
 * not arise.
 */
import { holdBroken, notAsked, unanswerable } from '../findings/check-result.ts';
import type { Finding } from '../findings/check-result.ts';
import type { CommonEvidence, EvidencePart } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy/policy.ts';

/**
 * @param detail  what is not there, as the sentence begins
 * @returns a hold where the part broke or the policy needs it; otherwise not asked, or told that it can't be answered
 */
export function absent(
  part: EvidencePart,
  { missing, beyond }: Pick<CommonEvidence, 'missing' | 'beyond'>,
  { needs }: GatePolicy,
  detail: string,
): Finding {
  const reason = missing?.[part];
  if (reason !== undefined) return holdBroken(`${detail}, and should be there: ${reason}`);
  const never = beyond?.[part];
  const why = never === undefined ? detail : `${detail}: ${never}`;
  if (needs.includes(part)) return holdBroken(`${why}, and the policy needs it`);
  return never === undefined ? notAsked(why) : unanswerable(why);
}
