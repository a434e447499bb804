/**
 * All lives of a measurement, side by side in threads. A finished one is kept as a file named by what it was asked and
 * by the code that lived it, so that a measurement that was broken off goes on where it was.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bytesToFloats, floatBytes, fromBase64, gunzip, gzip, toBase64 } from '../../../../shared/bytes.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import { createWorkerPool } from '../../../../trainer/node/worker-pool.ts';
import type { LifeRecord } from './courses.ts';
import type { Job } from './jobs.ts';
import type { LivedJob } from '../measures/outcomes.ts';

export interface LivesOptions {
  readonly threads: number;
  /** Folder for finished lives; null: nowhere. */
  readonly work: string | null;
  /** Told of every life that ends, in the order in which they do. */
  readonly onLived: (job: Job, seconds: number, done: number, all: number) => void;
}

export interface Lives {
  /** @returns in the order of the jobs */
  live(jobs: readonly Job[]): Promise<LivedJob[]>;
  close(): Promise<void>;
}

/** @param all  how many lives there will be */
export async function openLives(all: number, { threads, work, onLived }: LivesOptions): Promise<Lives> {
  const code = await digestCode();
  const pool = createWorkerPool<Job, LifeRecord>({
    name: 'a life',
    file: new URL('./thread.ts', import.meta.url),
    workerData: null,
    threads: Math.min(threads, all),
  });
  let done = 0;
  const liveOne = async (job: Job): Promise<LivedJob> => {
    const file = work === null ? null : path.join(work, `${keyOf(job, code)}.json.gz`);
    const kept = file === null ? null : await readLife(file);
    const startMs = performance.now();
    const life = kept ?? (await pool.run(job));
    if (kept === null && file !== null) await writeLife(file, life);
    done += 1;
    onLived(job, (performance.now() - startMs) / 1_000, done, all);
    return { job, life };
  };
  return {
    live: (jobs) => Promise.all(jobs.map(liveOne)),
    close: () => pool.close(),
  };
}

function keyOf(job: Job, code: string): string {
  return sha256Hex(JSON.stringify([job, code])).slice(0, 32);
}

/** Of all code that a life depends on: another recipe, gate or harness is another life. */
async function digestCode(): Promise<string> {
  const root = path.resolve(import.meta.dirname, '../../../..');
  const harness = path.relative(root, import.meta.dirname);
  const files: string[] = [];
  for (const folder of ['shared', 'trainer', 'functions', harness, path.join(harness, '../streams')]) {
    const names = await readdir(path.join(root, folder), { recursive: true });
    const code = names.filter((name) => /\.(ts|wasm)$/.test(name)).sort();
    files.push(...code.map((name) => path.join(root, folder, name)));
  }
  const hash = createHash('sha256');
  for (const file of files) hash.update(path.relative(root, file)).update(await readFile(file));
  return hash.digest('hex');
}

/** Null where there is none, or one that was cut short. */
async function readLife(file: string): Promise<LifeRecord | null> {
  try {
    const text = new TextDecoder().decode(await gunzip(await readFile(file)));
    const life = JSON.parse(text) as LifeRecord & { versions: { after: number; answers: string }[] };
    const versions = life.versions.map(({ after, answers }) => ({
      after,
      answers: bytesToFloats(fromBase64(answers as unknown as string) ?? new Uint8Array()),
    }));
    return { ...life, versions };
  } catch {
    return null;
  }
}

async function writeLife(file: string, life: LifeRecord): Promise<void> {
  const versions = life.versions.map(({ after, answers }) => ({
    after,
    answers: toBase64(floatBytes(answers)),
  }));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    `${file}.part`,
    await gzip(new TextEncoder().encode(JSON.stringify({ ...life, versions }))),
  );
  await rename(`${file}.part`, file);
}
