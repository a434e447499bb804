/**
 * What `npm run bench` is told on its command line.
 */
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../../shared/result.ts';

export const PARTS = ['prediction', 'http', 'cold-start', 'memory', 'training', 'features'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  /** A file for the rows as JSON. */
  readonly json: string | null;
  /** Few and short rounds: shows that everything runs, not how fast. */
  readonly quick: boolean;
  readonly parts: readonly Part[];
  readonly help: boolean;
}

export const HELP = `npm run bench -- [options]

Measures Holdfast beside what it would be without its own parts, in the real runtime, on this machine alone.
docs/benchmarks.md says what each case measures and how to read it.

  --only <part>  one of ${PARTS.join(', ')}; may be repeated (default: all)
  --quick        few and short rounds: shows that everything runs, not how fast
  --json <file>  writes [{case, unit, ours, peer, theirs, ratio, target, met}] as well
  --help         this text

HOLDFAST_DATA names the folder with the pretrained models (default ../shared/data).
`;

export function parseOptions(args: readonly string[]): Result<Options, string> {
  const read = readArgs(args);
  if (!read.ok) return read;
  const { only = [], quick = false, help = false, json = null } = read.value;
  const parts = PARTS.filter((part) => only.length === 0 || only.includes(part));
  const unknown = only.find((name) => !parts.some((part) => part === name));
  if (unknown !== undefined) return err(`--only: expected one of ${PARTS.join(', ')}, got ${unknown}`);
  return ok({ json, quick, parts, help });
}

function readArgs(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      options: {
        only: { type: 'string', multiple: true },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return ok(values);
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}
