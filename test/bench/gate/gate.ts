/**
 * The gate, measured: error rates, examples that hang together, power, the referee, a year of reuse, speed. `HELP` says how it is called.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { summarizeErrorRates } from './error-rates.ts';
import { summarizeQuarantines } from './quarantine.ts';
import { joinTables } from './referee/referee.ts';
import { type Job, type JobResult, JOBS } from './jobs.ts';
import { benchSpeed } from './speed.ts';
import { readCount, readNames, readOptions, refuseUsage } from '../usage.ts';
import { type Measured, printTable, renderMarkdown, type Table } from './table.ts';

const DOCUMENT = new URL('../../../docs/continuity.md', import.meta.url);
const [BEGIN, END] = ['<!-- bench:gate -->', '<!-- end of bench:gate -->'];

const PARTS = ['errors', 'dependence', 'power', 'quarantine', 'referee', 'reuse', 'selection', 'speed'];

const HELP = `npm run bench:gate -- [options]

Measures the gate: error rates, examples that hang together, power, the referee, labels kept apart or a selection, a year of reuse, speed. Everything, 2,000 nights a cell, one thread a core.
It ends with 1 where a target was missed.

  --nights <n>   simulated nights a cell (default 2000; 200 for a first look)
  --threads <n>  threads (default: one a core)
  --only <part>  one of ${PARTS.join(', ')}
  --docs         puts the tables into docs/continuity.md; of a complete run only
  --json <file>  writes the rows as JSON
  --help         this text
`;

const values = readOptions(
  {
    nights: { type: 'string', default: '2000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
    docs: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
  HELP,
);
const nights = readCount('--nights', values.nights, HELP);
const threads = readCount('--threads', values.threads, HELP);
if (values.only !== undefined) readNames('--only', values.only, PARTS, HELP);
if (values.docs && values.only !== undefined)
  refuseUsage('--docs: expected a complete run for the document, got --only', HELP);
const wanted = (part: string): boolean => values.only === undefined || values.only === part;
const startMs = Date.now();

const measured: Measured[] = [];
// Alone, before the others take the cores.
if (wanted('speed')) measured.push(benchSpeed());
const results = await runAll(JOBS.filter(({ part }) => wanted(part)));
const cells = results.flatMap((result) => ('cells' in result ? result.cells : []));
if (cells.length > 0) measured.push(summarizeErrorRates(cells, nights));
const kept = results.flatMap((result) => ('quarantine' in result ? [result.quarantine] : []));
if (kept.length > 0) measured.push(summarizeQuarantines(kept));
measured.push(...results.flatMap((result) => ('measured' in result ? [result.measured] : [])));

const tables = joinTables(measured.flatMap((part) => part.tables));
for (const table of tables) printTable(table);
const rows = measured.flatMap((part) => part.rows);
const missed = rows.filter(({ met }) => met === false);
const minutes = ((Date.now() - startMs) / 60_000).toFixed(1);
console.log(
  `\n${rows.filter(({ met }) => met === true).length} targets met, ${missed.length} missed; ${minutes} minutes`,
);
for (const row of missed)
  console.log(`  missed: ${row.case}: ${row.ours.toFixed(2)} ${row.unit}, target ${row.target}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
if (values.docs) refreshDocument(tables);
process.exitCode = missed.length > 0 ? 1 : 0;

/** Results in the order of the jobs. */
async function runAll(jobs: readonly Job[]): Promise<JobResult[]> {
  const done: JobResult[] = [];
  let next = 0;
  const follow = async (): Promise<void> => {
    const worker = new Worker(new URL('./job-worker.ts', import.meta.url), { workerData: { nights } });
    while (next < jobs.length) {
      const i = next;
      next += 1;
      done[i] = await ask(worker, jobs[i] as Job);
      console.log(`${done.filter(Boolean).length} of ${jobs.length}: ${JSON.stringify(jobs[i])}`);
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, follow));
  return done;
}

function ask(worker: Worker, job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.postMessage(job);
  });
}

/** Puts the tables between the two marks; what people wrote around them stays. */
function refreshDocument(tables: readonly Table[]): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`expected ${BEGIN} and ${END} in docs/continuity.md`);
  const block = `${BEGIN}\n\n${tables.map(renderMarkdown).join('\n')}\n`;
  writeFileSync(DOCUMENT, text.slice(0, begin) + block + text.slice(end));
}
