/**
 * Makes a history, and a champion that was trained on it, in a process of its own:
 *
 *   node prepare.ts FOLDER EVENTS
 */
import { promote } from '../../../shared/registry/champion/promotion.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { createFileStore } from './file-store.ts';
import { createHistoryModel, MODEL, writeDay, writeHistory } from './model.ts';

const [folder = '', events = ''] = process.argv.slice(2);
const store = createFileStore(folder);
const nowMs = Date.now();
const DAY_MS = 86_400_000;
await createHistoryModel(store);
await writeHistory(store, Number(events), { seed: 1, fromMs: nowMs - 60 * DAY_MS, toMs: nowMs - 2 * DAY_MS });
await run();
await move();
// The first night after a promotion merges windows that have aged: measured are those after it.
await writeDay(store, 1_000, 2, nowMs - DAY_MS);
await run();

async function run(): Promise<void> {
  const ended = await runJob({ store, model: MODEL, by: 'bench', promote: false });
  if (!ended.ok) throw new Error(ended.error.detail);
  if (ended.value.status !== 'complete') throw new Error(`${ended.value.status}: ${ended.value.summary}`);
}

async function move(): Promise<void> {
  const request = { by: 'bench', reason: 'the first one', at: new Date(), force: true };
  const moved = await promote(store, MODEL, 1, request);
  if (!moved.ok) throw new Error(moved.error.detail);
}
