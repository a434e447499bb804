/** The generated files, and what must stand in them. */
import { describeContract } from '../../../functions/contract/document.ts';
import { renderPage } from '../../../functions/contract/page.ts';

const ASSETS = new URL('../../../functions/contract/assets/', import.meta.url);
export const CONTRACT_FILE = new URL('openapi.json', ASSETS);
export const PAGE_FILE = new URL('docs.html', ASSETS);

export function contractText(): string {
  return `${JSON.stringify(describeContract(), null, 2)}\n`;
}

export function pageText(): string {
  return renderPage(describeContract(), '$HOLDFAST_URL');
}
