/**
 * Step 3: the frozen base's features of every example, extracted once and kept under the base's digest. A night pays for
 * new shards only. Without a base there is nothing to compute: the head reads the encoded input.
 *
 * A shard may take several steps: what one of them could not finish lies beside the features until they are whole.
 */
import type { LabelledExample } from '../data/history/join.ts';
import { fetchInput } from '../../../shared/events/stored-input.ts';
import { rawSize } from '../../../shared/model/spec/input.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { sideBySide } from '../../side-by-side.ts';
import { readingBase, type RunContext, type RunData, type RunFiles } from '../../run/context.ts';
import { openFeatures, sealFeatures } from './features.ts';
import type { Advance, RunPart, ExtractionSummary, ExtractionContext } from './portions.ts';
import { extractAll } from './portions.ts';
import { loadShard, type ShardRef, shardsOf, type Snapshot } from '../data/snapshot-file.ts';
import type { StoredRow } from '../../run/feature-backend.ts';

/** So many, and of pictures only what makes this many numbers. */
const BATCH_EXAMPLES = 100;
const BATCH_NUMBERS = 1_000_000;

/**
 * Stores the features of a snapshot's shards, by each of the bases.
 *
 * @param bases  null stands for none
 */
export function extractFeatures(
  ctx: RunContext,
  snapshot: Pick<Snapshot, 'windows'>,
  bases: readonly (string | null)[],
  runPart: RunPart,
): Promise<ExtractionSummary> {
  const works = bases.flatMap((base) => {
    if (base === null) return [];
    const reading = readingBase(ctx, base);
    // Of the run's own base the steps have the plain names.
    const of = base === ctx.base ? '' : ` of ${base.slice(0, 16)}`;
    const portions = shardsOf(snapshot).map((shard) => ({
      name: `features ${shard.digest.slice(0, 16)}${of}`,
      examples: shard.examples,
      advance: (extraction: ExtractionContext) => storeFeatures(reading, shard, extraction),
    }));
    return [{ base, portions }];
  });
  return extractAll(ctx, 'features', works, runPart);
}

const NOTHING: Advance = { computed: 0, left: 0 };

/** Computes and stores the features of one shard, or goes on with it, unless they are there. */
export async function storeFeatures(
  ctx: RunData,
  shard: ShardRef,
  extraction: ExtractionContext,
): Promise<Advance> {
  const { base, store, run } = ctx;
  if (base === null) return NOTHING;
  const key = keys.features(run.model, base, shard.digest);
  // Asked for by its name: the features themselves are megabytes.
  if ((await store.list(key)).includes(key)) return NOTHING;
  const partKey = keys.partialFeatures(run.model, base, shard.digest);
  const part = await store.get(partKey);
  // One that was damaged is worth no failure: it is computed again.
  const known = (part && (await openFeatures(part.bytes))) ?? new Float32Array();
  const examples = await loadShard(store, run.model, shard);
  const { size } = await extraction.open();
  const done = known.length / size;
  const features = new Float32Array(examples.length * size);
  features.set(known);
  const reached = await extractBatches(ctx, examples.slice(done), toRow, {
    ...extraction,
    onBatch: (more, fresh) => extraction.onBatch(done + more, fresh),
    onFeatures: (batch, at) => features.set(batch, (done + at) * size),
  });
  const left = examples.length - done - reached;
  if (left > 0) {
    await store.put(partKey, sealFeatures(features.subarray(0, (done + reached) * size)));
  } else {
    await store.put(key, sealFeatures(features));
    if (part !== null) await store.delete(partKey);
  }
  return { computed: reached, left };
}

const toRow = ({ id, input }: LabelledExample): StoredRow => ({ id, input });

/** Takes the features of a batch: rows from the `at`th example on. */
type Collecting = ExtractionContext & { readonly onFeatures: (features: Float32Array, at: number) => void };

/**
 * Extracts features batch by batch, in order, several at once, until all are done or the step has taken its time. At
 * least one batch is.
 *
 * @param describe  an example as it goes into the base
 * @returns how many examples, from the first on, are done
 */
export async function extractBatches(
  ctx: RunData,
  examples: readonly LabelledExample[],
  describe: (example: LabelledExample) => StoredRow,
  { open, concurrency, budgetMs, onBatch, onFeatures }: Collecting,
): Promise<number> {
  const extractor = await open();
  const batch = batchSize(ctx.spec.input);
  const batches = Math.ceil(examples.length / batch);
  let begun = 0;
  let done = 0;
  let spentMs = 0;
  let dearestMs = 0;
  await sideBySide(batches, concurrency, async (i) => {
    if (i > 0 && spentMs + dearestMs > budgetMs) return;
    begun += 1;
    const rows = examples.slice(i * batch, (i + 1) * batch).map(describe);
    const { features, computeMs } = await extractor.extract(await fetchRows(ctx, rows));
    onFeatures(features, i * batch);
    spentMs += computeMs;
    dearestMs = Math.max(dearestMs, computeMs);
    done += rows.length;
    await onBatch(done, rows.length);
  });
  // Batches begin in order, and the budget only ever closes: those that began are the first ones.
  return Math.min(examples.length, begun * batch);
}

/** How many examples' inputs are held at once. */
function batchSize(input: InputSpec): number {
  return Math.min(BATCH_EXAMPLES, Math.ceil(BATCH_NUMBERS / rawSize(input)));
}

async function fetchRows({ store, run }: RunFiles, rows: readonly StoredRow[]): Promise<StoredRow[]> {
  return Promise.all(
    rows.map(async (row) => {
      const bytes = await fetchInput(store, run.model, row.input);
      return bytes === undefined ? row : { ...row, bytes };
    }),
  );
}
