/**
 * The versions that are trained on one machine and again on another, in a file between the two.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import { createMemoryStore } from '../../shared/registry/store/memory-store.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { runJob } from '../../trainer/node/job.ts';
import { CASES } from '../trainer/reproduce/cases.ts';

type Objects = readonly (readonly [key: string, bytes: Uint8Array])[];

/** One version of every kind, and nothing left of the runs that made them. */
export async function trainVersions(file: string): Promise<void> {
  const store = createMemoryStore();
  for (const { name, model, prepare } of CASES) {
    const retrain = async (): Promise<void> => {
      const run = await runJob({ store, model, by: 'test:arm64', promote: true });
      if (!run.ok) throw new Error(run.error.detail);
      if (run.value.status !== 'complete') throw new Error(`${name}: ${run.value.summary}`);
    };
    await prepare(store, retrain);
    await retrain();
    for (const key of await store.list(keys.jobs('run', model))) await store.delete(key);
    console.log(`trained on ${process.arch}: ${name}`);
  }
  const objects = await Promise.all(
    (await store.list('')).map(async (key) => [key, (await store.get(key))?.bytes ?? new Uint8Array()]),
  );
  await writeFile(file, serialize(objects));
}

export async function readVersions(file: string): Promise<ObjectStore> {
  const store = createMemoryStore();
  for (const [key, bytes] of deserialize(await readFile(file)) as Objects) await store.put(key, bytes);
  return store;
}
