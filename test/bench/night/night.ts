/**
 * Case 7: a whole night through the real pipeline: new examples beside replayed ones, their features made by a base, a
 * head 1280-1024-10. As a Node job over S3 and as a Workflow in workerd over R2: how long, and what it held.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadRun } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import type { Findings, Progress } from '../findings.ts';
import { type Inspector, openInspector } from '../serving/inspector.ts';
import { bundleTrainer, withWorker } from '../runtime.ts';
import { type Row, summarise } from '../summarise.ts';
import type { Held } from './growth.ts';
import type { JobReport } from './job.ts';
import { longestSteps, type NightReport, reportNight, type Step } from './report.ts';
import { BUCKET, NIGHT_KEYS, openNightStore } from './store.ts';
import type { WasmMemories } from './wasm-memory.ts';

const MEBIBYTE = 2 ** 20;
/** What a Worker's isolate may hold, and what we allow a Node job. */
const WORKER_BUDGET_MIB = 128;
const NODE_BUDGET_MIB = 512;
/** Of CPU, a step of a Workflow: and what is measured here, by the clock, is more than that. */
const STEP_BUDGET_SECONDS = 20;
/** From night to night the heap may vary by chance. */
const GROWTH = 1.05;
/** Night after which nothing should be added any more: caches are full by then. */
const SETTLED = 3;
const SAMPLE_MS = 300;
const INSPECTED = '/core:user:worker';

export async function benchNight(scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const bundle = await bundleTrainer(scratch);
  const storage = { r2Buckets: { BUCKET: { id: BUCKET, s3Credentials: NIGHT_KEYS } }, inspectorPort: 0 };
  return withWorker(bundle, storage, async (miniflare, url) => {
    const endpoint = new URL('/cdn-cgi/local/r2/s3', url).href.replace(/\/$/, '');
    progress('night, preparing two models');
    await runProgram('prepare.ts', endpoint, quick ? 'quick' : 'full', 'node', 'worker');
    progress('night, Node');
    const job = (await runProgram('job.ts', endpoint, 'node')) as JobReport;
    tell(progress, job);
    progress('night, workerd');
    const inspector = await openInspector(new URL(INSPECTED, await miniflare.getInspectorURL()));
    const worker = await watchWorkflow(openNightStore(endpoint), url, inspector);
    inspector.close();
    tell(progress, worker);
    progress('ten small nights');
    const held = (await runProgram('growth.ts', endpoint, 'growth')) as Held[];
    return { rows: [...rowsOf(job, worker), ...growthRows(held)], skipped: [] };
  });
}

function tell(progress: Progress, { trained, seconds, steps, summary }: NightReport): void {
  progress(`  ${trained} examples, ${(seconds / 60).toFixed(1)} minutes: ${longestSteps(steps)}; ${summary}`);
}

/** Runs one of the programs beside this file. @returns its last line, parsed; null when it said nothing */
async function runProgram(file: string, ...args: string[]): Promise<unknown> {
  const program = path.join(import.meta.dirname, file);
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, ...args], {
    maxBuffer: 64 * MEBIBYTE,
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return line === '' ? null : (JSON.parse(line) as unknown);
}

interface WorkflowReport extends NightReport {
  /** The most that was alive at once: heap, array buffers and WASM. */
  readonly peakBytes: number;
  /** Each by itself, at that moment. */
  readonly peakHeapBytes: number;
  readonly peakWasmBytes: number;
  /** As the Workflow has them. */
  readonly workflowSteps: readonly Step[];
}

/** Starts a night and asks the isolate what it holds until the night is over. */
async function watchWorkflow(store: ObjectStore, url: URL, inspector: Inspector): Promise<WorkflowReport> {
  const answer = await fetch(new URL('/start?model=worker', url));
  const started = (await answer.json()) as { ok: boolean; value: { run: string } };
  if (!started.ok) throw new Error(`the night did not start: ${JSON.stringify(started)}`);
  const peak = { heap: 0, wasm: 0 };
  for (;;) {
    await inspector.collectGarbage();
    const heap = await inspector.measureHeap();
    const described = await fetch(new URL('/describe', url));
    const { wasm, steps } = (await described.json()) as Described;
    if (heap + wasm.bytes > peak.heap + peak.wasm) Object.assign(peak, { heap, wasm: wasm.bytes });
    const run = await loadRun(store, 'worker', started.value.run);
    if (run.ok && run.value.status !== 'running') {
      return {
        ...(await reportNight(store, run.value)),
        peakBytes: peak.heap + peak.wasm,
        peakHeapBytes: peak.heap,
        peakWasmBytes: peak.wasm,
        workflowSteps: steps,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
}

/** As workers/night.ts says. */
interface Described {
  readonly wasm: WasmMemories;
  readonly steps: readonly Step[];
}

function rowsOf(job: JobReport, worker: WorkflowReport): Row[] {
  const name = `night, ${job.trained} examples`;
  const within = { peer: 'budget', target: { atMost: 1 } };
  const slowest = Math.max(...worker.workflowSteps.map(({ seconds }) => seconds));
  const mebibytes = (bytes: number) => [bytes / MEBIBYTE];
  return [
    summarise({
      case: `${name}, time`,
      unit: 'min',
      ours: [worker.seconds / 60],
      peer: 'the same in Node',
      theirs: [job.seconds / 60],
    }),
    summarise({
      case: `${name}, Node, peak RSS`,
      unit: 'MiB',
      ours: mebibytes(job.maxRssBytes),
      ...within,
      theirs: [NODE_BUDGET_MIB],
    }),
    summarise({
      case: `${name}, workerd, alive at most`,
      unit: 'MiB',
      ours: mebibytes(worker.peakBytes),
      ...within,
      theirs: [WORKER_BUDGET_MIB],
    }),
    summarise({
      case: `${name}, workerd, WASM of it`,
      unit: 'MiB',
      ours: mebibytes(worker.peakWasmBytes),
      peer: 'heap of it',
      theirs: mebibytes(worker.peakHeapBytes),
    }),
    summarise({
      case: `${name}, longest step`,
      unit: 's',
      ours: [slowest],
      ...within,
      theirs: [STEP_BUDGET_SECONDS],
    }),
  ];
}

function growthRows(held: readonly Held[]): Row[] {
  const [settled, last] = [held[SETTLED], held.at(-1)];
  if (!settled || !last) throw new Error('expected more nights');
  const peer = `after ${SETTLED}`;
  const name = `after ${held.length - 1} small nights`;
  return [
    summarise({
      case: `${name}, heap and WASM`,
      unit: 'MiB',
      ours: [(last.heapBytes + last.wasmBytes) / MEBIBYTE],
      peer,
      theirs: [(settled.heapBytes + settled.wasmBytes) / MEBIBYTE],
      target: { atMost: GROWTH },
    }),
    summarise({
      case: `${name}, tensors and WASM memories`,
      unit: '',
      ours: [last.tensors + last.wasmMemories],
      peer,
      theirs: [settled.tensors + settled.wasmMemories],
      target: { atMost: 1 },
    }),
  ];
}
