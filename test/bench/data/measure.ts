/**
 * One night, or one snapshot from nothing, in a process of its own, whose memory is what is asked:
 *
 *   node measure.ts night|snapshot FOLDER SEED
 *
 * Its last line on stdout is a Measured.
 */
import { keys } from '../../../shared/registry/store/keys.ts';
import { loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { createNodeHost } from '../../../trainer/node/node-host.ts';
import { makeSnapshot } from '../../../trainer/pipeline/data/snapshot.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { newRun } from '../../../trainer/run/new-run.ts';
import { longestSteps, reportNight } from '../night/report.ts';
import { createFileStore } from './file-store.ts';
import { MODEL, writeDay } from './model.ts';

export interface Measured {
  readonly seconds: number;
  /** of all threads: what another process on the machine does not stretch */
  readonly cpuSeconds: number;
  readonly maxRssBytes: number;
  /** for whoever looks on */
  readonly note: string;
}

const [what = '', folder = '', seed = ''] = process.argv.slice(2);
const store = createFileStore(folder);
const found = what === 'night' ? await measureNight() : await measureSnapshot();
process.stdout.write(`${JSON.stringify(found)}\n`);

/** Measures what a piece of work takes; the memory is the process's. */
async function timeWork(work: () => Promise<string>): Promise<Measured> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const note = await work();
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (performance.now() - startedMs) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    // In kilobytes, as getrusage has it.
    maxRssBytes: process.resourceUsage().maxRSS * 1_024,
    note,
  };
}

async function measureNight(): Promise<Measured> {
  await writeDay(store, 1_000, Number(seed), Date.now() - 7_200_000);
  return timeWork(async () => {
    const ended = await runJob({ store, model: MODEL, by: 'bench', promote: false });
    if (!ended.ok) throw new Error(ended.error.detail);
    const report = await reportNight(store, ended.value);
    return `${report.trained} trained on; ${longestSteps(report.steps, 8)}`;
  });
}

/** The whole history, with neither an index nor shards of it. */
async function measureSnapshot(): Promise<Measured> {
  const loaded = await loadSpec(store, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  const { spec } = loaded.value;
  for (const prefix of [keys.index(MODEL), keys.snapshotShards(MODEL)])
    for (const key of await store.list(prefix)) await store.delete(key);
  const now = new Date();
  const run = newRun({
    id: 'from-nothing',
    model: MODEL,
    trigger: 'cli',
    by: 'bench',
    startedAt: now.toISOString(),
    cutoffMs: now.getTime(),
    specDigest: '',
    mayPromote: false,
    wantedSnapshot: null,
    championAtStart: null,
  });
  const ctx: RunContext = { ...(await createNodeHost({ store, threads: 1 })), run, spec, base: spec.base };
  return timeWork(async () => `${(await makeSnapshot(ctx)).examples} examples`);
}
