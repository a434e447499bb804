/**
 * `npm run bench`: measures, prints the table, and ends with 0 when everything could be measured. Targets that were
 * missed are shown, not failed: they depend on the machine.
 */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { benchColdStart } from './serving/cold-start.ts';
import { benchFeatures } from './training/features.ts';
import type { Findings } from './findings.ts';
import { benchHttp } from './serving/http.ts';
import { benchMemory } from './serving/memory.ts';
import { HELP, type Options, parseOptions, type Part } from './options.ts';
import { benchNight } from './night/night.ts';
import { benchPrediction } from './serving/prediction.ts';
import { withScratch } from './runtime.ts';
import { formatTable } from './table.ts';
import { benchTraining } from './training/training.ts';

const BENCHES = {
  prediction: benchPrediction,
  http: benchHttp,
  'cold-start': benchColdStart,
  memory: benchMemory,
  training: benchTraining,
  night: benchNight,
  features: benchFeatures,
} as const;

/** @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (!options.ok) {
    process.stderr.write(`${options.error}\n\n${HELP}`);
    return 2;
  }
  if (options.value.help) process.stdout.write(HELP);
  else await run(options.value);
  return 0;
}

async function run({ parts, quick, json }: Options): Promise<void> {
  const findings: Findings[] = await withScratch(async (scratch) => {
    const found: Findings[] = [];
    for (const part of parts) found.push(await runPart(part, scratch, quick));
    return found;
  });
  const rows = findings.flatMap(({ rows }) => rows);
  process.stdout.write(`${describeMachine(quick)}\n\n${formatTable(rows)}`);
  for (const reason of findings.flatMap(({ skipped }) => skipped))
    process.stdout.write(`skipped: ${reason}\n`);
  if (json !== null) await writeFile(json, `${JSON.stringify(rows, null, 2)}\n`);
}

function runPart(part: Part, scratch: string, quick: boolean): Promise<Findings> {
  return BENCHES[part](scratch, quick, (title) => process.stderr.write(`${title} …\n`));
}

function describeMachine(quick: boolean): string {
  const [cpu] = os.cpus();
  const load = os.loadavg()[0]?.toFixed(1);
  const machine = `${os.cpus().length} x ${cpu?.model ?? 'unknown CPU'}, load ${load}, Node ${process.version}`;
  return `${quick ? 'A quick run: not for comparison. ' : ''}${machine}. Medians of rounds taken in turns.`;
}
