/**
 * `versions/<n>/provenance.json`: all that a version's training depended on and its manifest does not say, so that it
 * can be trained again when nothing is left of its run. Written before the manifest, which has its digest.
 */
import * as z from 'zod';
import { sha256Hex } from '../../../shared/digest.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { digestSchema } from '../../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import type { RunData } from '../../run/context.ts';
import { ENGINE } from './engine.ts';
import { loadTrainingRecord, trainingRecordSchema } from './fine-tune.ts';
import { loadRunSpec } from '../../run/record.ts';
import { loadWholeSplit } from '../data/split.ts';
import { RunFailure } from '../../run-failure.ts';

export const provenanceSchema = z.object({
  format: z.literal('holdfast-provenance/1'),
  model: z.string(),
  version: z.int().min(1),
  run: z.string(),
  /** As the run began with it; the manifest has its digest. */
  spec: specSchema,
  /** What served when the run began. Training may start from it and learn from its answers; its number draws the seed. */
  champion: z.object({ version: z.int().min(1), weights: digestSchema }).nullable(),
  /** SHA-256 of the snapshot's index as it is stored. */
  snapshot: digestSchema,
  /** SHA-256 of `split.json`: which examples were drawn. */
  split: digestSchema,
  /** Stretches of time whose labels were kept apart, where there were any. */
  apart: z.array(z.object({ fromMs: z.int(), toMs: z.int() })).exactOptional(),
  /** Of past windows not everybody who is held out judged: its numbers are of those who did. */
  judged: z.literal(true).exactOptional(),
  /** SHA-256 of the binaries that computed, by file. */
  engine: z.record(z.string(), digestSchema),
  /** The recipe that was followed (of a second attempt not the spec's), and how the training went. */
  training: trainingRecordSchema.omit({ seconds: true }),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** Reads what the run left behind, the digests of its snapshot and split included, and writes nothing. */
export async function gatherProvenance(ctx: RunData, version: number, snapshot: string): Promise<Provenance> {
  const { store, run } = ctx;
  const { seconds: _, ...training } = await loadTrainingRecord(ctx);
  const { apart, judged } = await loadWholeSplit(ctx);
  return {
    format: 'holdfast-provenance/1',
    model: run.model,
    version,
    run: run.id,
    spec: await loadRunSpec(store, run.model, run.id),
    champion: await describeChampion(ctx),
    snapshot: await digestOf(store, keys.snapshot(run.model, snapshot)),
    split: await digestOf(store, keys.run(run.model, run.id, 'split.json')),
    ...(apart && { apart }),
    ...(judged && { judged: true }),
    engine: ENGINE,
    training,
  };
}

async function describeChampion({ store, run }: RunData): Promise<Provenance['champion']> {
  if (run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion: ${manifest.error.detail}`);
  return { version: run.championAtStart, weights: manifest.value.files['weights.bin'].sha256 };
}

async function digestOf(store: ObjectStore, key: string): Promise<string> {
  const object = await store.get(key);
  if (object === null) throw new RunFailure(`${key} is not there`);
  return sha256Hex(object.bytes);
}
