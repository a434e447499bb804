/**
 * `npm run bench:data`: what a night costs on a history that grows, a snapshot of all of it from nothing, and labels that
 * are accepted a second. Targets that were missed are shown, not failed: they depend on the machine.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Row, summarise } from '../summarise.ts';
import { formatTable } from '../table.ts';
import { benchLabels } from './labels.ts';
import type { Measured } from './measure.ts';

const HELP = `Usage: npm run bench:data -- [options]

  --million      a history of 1,000,000 events too: half an hour
  --quick        1,000 and 2,000 events, a round each: shows that everything runs
  --only <part>  night or labels; may be repeated
  --json <file>  writes [{case, unit, ours, peer, theirs, ratio, target, met}] as well
`;

const MEBIBYTE = 2 ** 20;
const NIGHTS = 3;
const PARTS = ['night', 'labels'];
/** Of a snapshot of a million events, in Node. */
const SNAPSHOT_SECONDS = 60;
const SNAPSHOT_MIB = 512;

const { values } = parseArgs({
  options: {
    million: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: PARTS },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const unknown = values.only.filter((part) => !PARTS.includes(part));
if (values.help || unknown.length > 0) {
  process.stderr.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const sizes = values.quick ? [1_000, 2_000] : [10_000, 100_000, ...(values.million ? [1_000_000] : [])];
const rows: Row[] = [];
if (values.only.includes('night')) rows.push(...(await benchNights()));
if (values.only.includes('labels')) rows.push(...(await benchLabels(values.quick)));
const [cpu] = os.cpus();
process.stdout.write(
  `${os.cpus().length} x ${cpu?.model ?? 'unknown CPU'}, load ${os.loadavg()[0]?.toFixed(1)}, Node ${process.version}\n\n${formatTable(rows)}`,
);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);

interface History {
  readonly events: number;
  readonly nights: readonly Measured[];
  readonly whole: Measured;
}

async function benchNights(): Promise<Row[]> {
  const histories: History[] = [];
  for (const events of sizes) histories.push(await measureHistory(events));
  const [first] = histories;
  if (first === undefined) throw new Error('expected a history');
  const seconds = ({ nights }: History) => nights.map((night) => night.seconds);
  const cpuSeconds = ({ nights }: History) => nights.map((night) => night.cpuSeconds);
  const mebibytes = ({ nights }: History) => nights.map((night) => night.maxRssBytes / MEBIBYTE);
  const name = (n: number) => n.toLocaleString('en');
  const peer = `${name(first.events)} events`;
  return histories.flatMap((history) => [
    summarise({
      case: `night, 1,000 new labels, ${name(history.events)} events, time`,
      unit: 's',
      ours: seconds(history),
      peer,
      theirs: seconds(first),
      target: { atMost: 1.2 },
    }),
    summarise({
      case: `night, 1,000 new labels, ${name(history.events)} events, CPU`,
      unit: 's',
      ours: cpuSeconds(history),
      peer,
      theirs: cpuSeconds(first),
      target: { atMost: 1.2 },
    }),
    summarise({
      case: `night, 1,000 new labels, ${name(history.events)} events, peak RSS`,
      unit: 'MiB',
      ours: mebibytes(history),
      peer,
      theirs: mebibytes(first),
      target: { atMost: 1.1 },
    }),
    summarise({
      case: `snapshot from nothing, ${name(history.events)} events, time`,
      unit: 's',
      ours: [history.whole.seconds],
      peer: 'budget of a million',
      theirs: [SNAPSHOT_SECONDS],
      target: { atMost: 1 },
    }),
    summarise({
      case: `snapshot from nothing, ${name(history.events)} events, peak RSS`,
      unit: 'MiB',
      ours: [history.whole.maxRssBytes / MEBIBYTE],
      peer: 'budget of a million',
      theirs: [SNAPSHOT_MIB],
      target: { atMost: 1 },
    }),
  ]);
}

async function measureHistory(events: number): Promise<History> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-history-'));
  try {
    tell(`history of ${events} events`);
    await runProgram('prepare.ts', folder, String(events));
    const nights: Measured[] = [];
    for (let night = 1; night <= (values.quick ? 1 : NIGHTS); night++)
      nights.push(await measure('night', folder, night));
    return { events, nights, whole: await measure('snapshot', folder, 0) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(what: 'night' | 'snapshot', folder: string, night: number): Promise<Measured> {
  const found = JSON.parse(await runProgram('measure.ts', what, folder, String(10 + night))) as Measured;
  const mebibytes = Math.round(found.maxRssBytes / MEBIBYTE);
  tell(
    `  ${what} ${found.seconds.toFixed(1)} s, CPU ${found.cpuSeconds.toFixed(1)} s, ${mebibytes} MiB: ${found.note}`,
  );
  return found;
}

/** Runs one of the programs beside this file. @returns its last line */
async function runProgram(file: string, ...args: string[]): Promise<string> {
  const program = path.join(import.meta.dirname, file);
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 });
  return stdout.trim().split('\n').at(-1) ?? '';
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`);
}
