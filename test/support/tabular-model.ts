/**
 * A small tabular model whose truth is known: three blobs in the plane, which may be turned (drift) and whose labels
 * may be flipped (poison). For tests of the pipeline, in either runtime.
 */
import { writeEvents } from '../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../shared/events/schema.ts';
import { storeInline } from '../../shared/events/stored-input.ts';
import { createModel } from '../../shared/model/spec/load-spec.ts';
import { type ClassificationSpec, specSchema } from '../../shared/model/spec/spec.ts';
import { createRandom } from '../../shared/random.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

export const BLOBS = ['red', 'green', 'blue'] as const;

export function blobSpec(name: string, changes: Partial<ClassificationSpec> = {}): ClassificationSpec {
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name,
    task: 'classification',
    input: {
      kind: 'tabular',
      features: [
        { name: 'x', type: 'number' },
        { name: 'y', type: 'number' },
      ],
    },
    labels: [...BLOBS],
    head: [{ units: 16, activation: 'relu' }],
    training: { epochs: 12, learningRate: 0.01 },
    window: { examples: 1_000 },
    holdout: { fraction: 0.2 },
    salt: 'ab'.repeat(32),
    ...changes,
  });
  if (spec.task !== 'classification') throw new Error('blobs have labels');
  return spec;
}

export interface BlobNight {
  readonly n: number;
  readonly seed: number;
  /** the time of the first example; one a second follows */
  readonly fromMs: number;
  /** how far the blobs have moved, in their own radius */
  readonly drift?: number;
  /** every label becomes the next one */
  readonly poisoned?: boolean;
}

/** Labelled examples of one night. */
export function blobEvents({ n, seed, fromMs, drift = 0, poisoned = false }: BlobNight): ExampleEvent[] {
  const random = createRandom(seed);
  const noise = (): number => random.uniform() + random.uniform() + random.uniform() - 1.5;
  return Array.from({ length: n }, (_, i) => {
    const truth = random.below(BLOBS.length);
    const x = [0, 4, 2][truth] ?? 0;
    const y = [0, 0, 4][truth] ?? 0;
    const raw = Float32Array.of(x + drift + 1.2 * noise(), y - drift + 1.2 * noise());
    return {
      kind: 'example',
      id: `night-${seed}-${i}`,
      at: fromMs + i * 1_000,
      input: storeInline(raw),
      label: poisoned ? (truth + 1) % BLOBS.length : truth,
    };
  });
}

export async function createBlobModel(
  store: ObjectStore,
  name: string,
  night: BlobNight,
  changes: Partial<ClassificationSpec> = {},
): Promise<ClassificationSpec> {
  const spec = blobSpec(name, changes);
  await createModel(store, spec);
  await writeEvents(store, name, blobEvents(night), new Date(night.fromMs));
  return spec;
}
