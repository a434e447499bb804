/**
 * What the conformance tests need of the disk, which workerd does not have: the cases (`test/fixtures/protocols/cases`, with
 * their sources), and the table of deviations in docs/protocols.md.
 */
import { readFileSync } from 'node:fs';
import type { Conformance, EncodingCase } from './cases.ts';

const FILES = [
  'tfserving-predict',
  'tfserving-classify-regress',
  'tfserving-response',
  'tfserving-urls',
  'oip-endpoints',
  'oip-infer',
  'oip-binary',
];

export function readConformance(): Conformance {
  const cases = FILES.flatMap((file) => readCases(`test/fixtures/protocols/cases/${file}.json`));
  return { cases, deviations: readDeviations(readFileSync('docs/protocols.md', 'utf8')) };
}

function readCases(path: string): EncodingCase[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { cases: EncodingCase[] }).cases;
}

/** Rows of the table: `| oip-infer-002, oip-infer-040 | 400 | why |`. */
function readDeviations(markdown: string): Record<string, number | null> {
  const rows = markdown.matchAll(/^\| ((?:tfs|oip)-[^|]+) \| (\d{3}|–) \|/gm);
  return Object.fromEntries(
    [...rows].flatMap(([, ids = '', status = '']) =>
      ids.split(', ').map((id) => [id.trim(), status === '–' ? null : Number(status)] as const),
    ),
  );
}
