/**
 * A complete measurement as pieces that run side by side: one life each. Which thread lives it changes nothing about
 * it, and what was lived before is read back.
 */
import { createNodeHost } from '../../../../trainer/node/node-host.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { importBase } from '../../../../trainer/model-import/base-import.ts';
import type { Result } from '../../../../shared/result.ts';
import type { Fault } from '../streams/collect.ts';
import { dependsOnServing, type FrozenBase, type LifeRecord, runLife } from './courses.ts';
import { type Policy, type RecipeName, type Rule, STRATEGIES } from './strategies.ts';
import { cutNights, type Stream } from '../streams/stream.ts';
import { type CsvSource, loadCsv, loadStream } from '../streams/streams.ts';

export interface StreamRef {
  readonly name: string;
  /** Rows at most; null for all of them. */
  readonly rows: number | null;
  /** Given for a file that is not known by name. */
  readonly csv: { readonly path: string; readonly source: CsvSource } | null;
}

export interface Job {
  readonly stream: StreamRef;
  readonly nights: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly recipe: RecipeName;
  readonly rules: readonly Rule[];
  readonly policy: Policy | null;
}

export function openStream({ name, rows, csv }: StreamRef, seed: number): Promise<Result<Stream, string>> {
  return csv === null ? loadStream(name, rows, seed) : loadCsv(name, csv.path, csv.source, rows);
}

/**
 * The lives that the wanted strategies need: one for every rule where what is trained depends on what serves, one
 * for all rules where it does not.
 *
 * @param wanted    names of strategies; Holdfast's life is always among them, as its first version is everybody's
 * @param policies  each is a strategy more
 */
export function planJobs(
  condition: Pick<Job, 'stream' | 'nights' | 'seed' | 'faults'>,
  wanted: readonly string[],
  policies: readonly Policy[],
): Job[] {
  const lives = new Map<string, { recipe: RecipeName; rules: Rule[] }>();
  const enter = (recipe: RecipeName, rule: Rule): void => {
    const key = dependsOnServing(recipe) ? `${recipe} ${rule}` : recipe;
    const life = lives.get(key) ?? { recipe, rules: [] };
    lives.set(key, { recipe, rules: [...life.rules, rule] });
  };
  enter('ours', 'gate');
  for (const { name, recipe, rule } of STRATEGIES) {
    if (wanted.includes(name) && rule !== null && !(recipe === 'ours' && rule === 'gate'))
      enter(recipe, rule);
  }
  const plain = [...lives.values()].map((life) => ({ ...condition, ...life, policy: null }));
  const tried = policies.map((policy) => ({
    ...condition,
    recipe: 'ours' as const,
    rules: ['gate' as const],
    policy,
  }));
  return [...plain, ...tried];
}

/** Lives one life. @throws Error where the stream can't be read (it was before) or the machinery breaks */
export async function runJob(job: Job): Promise<LifeRecord> {
  const stream = await openStream(job.stream, job.seed);
  if (!stream.ok) throw new Error(stream.error);
  const nights = cutNights(stream.value.rows.length, job.nights);
  if (!nights.ok) throw new Error(nights.error);
  const host = await createNodeHost({ store: createMemoryStore(), threads: 1 });
  const base = await importStreamBase(stream.value);
  return runLife(host, { ...job, stream: stream.value, nights: nights.value, base });
}

/** The stream's frozen base, imported once, where it has one. */
async function importStreamBase({ base }: Stream): Promise<FrozenBase | null> {
  if (base === undefined) return null;
  const store = createMemoryStore();
  const now = new Date('2025-01-01T00:00:00Z');
  const imported = await importBase({
    store,
    source: base.folder,
    output: base.output,
    pooling: 'auto',
    now,
  });
  if (!imported.ok) throw new Error(imported.error);
  return {
    digest: imported.value.manifest.digest,
    async copyTo(other) {
      for (const key of await store.list(keys.bases)) {
        await other.put(key, (await store.get(key))?.bytes ?? new Uint8Array());
      }
    },
  };
}
