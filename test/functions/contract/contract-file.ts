/** Where the contract is kept, and what must stand there. */
import { describeContract } from '../../../functions/contract/document.ts';

export const CONTRACT_FILE = new URL('../../../functions/contract/openapi.json', import.meta.url);

export function contractText(): string {
  return `${JSON.stringify(describeContract(), null, 2)}\n`;
}
