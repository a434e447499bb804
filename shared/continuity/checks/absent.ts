/**
 * A part of the evidence that was not supplied: no reason to hold, unless the policy asks for it.
 */
import { plainFinding } from '../findings/check-result.ts';
import type { Finding } from '../findings/check-result.ts';
import type { EvidencePart, GatePolicy } from '../policy.ts';

export function absent(part: EvidencePart, { needs }: GatePolicy, detail: string): Finding {
  return needs.includes(part)
    ? plainFinding('hold', `${detail}, and the policy needs it`)
    : plainFinding('skip', detail);
}
