/** The generated file, and what must stand in it. */
import { describeContract } from '../../../functions/contract/document.ts';

export const ASSETS = new URL('../../../functions/contract/assets/', import.meta.url);
export const CONTRACT_FILE = new URL('openapi.json', ASSETS);

export function contractText(): string {
  return `${JSON.stringify(describeContract(), null, 2)}\n`;
}
