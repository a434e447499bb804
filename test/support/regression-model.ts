/**
 * A small model of a number whose truth is known: the rent of a flat from its size and its distance to the centre. A
 * night may bring larger flats than came before, and targets may be spoilt. For tests of the pipeline, in either runtime.
 */
import { writeEvents } from '../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../shared/events/schema.ts';
import { storeInline } from '../../shared/events/stored-input.ts';
import { createModel } from '../../shared/model/spec/load-spec.ts';
import { type RegressionSpec, specSchema } from '../../shared/model/spec/spec.ts';
import { createRandom } from '../../shared/random.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

export function rentSpec(name: string, changes: Partial<RegressionSpec> = {}): RegressionSpec {
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name,
    task: 'regression',
    input: {
      kind: 'tabular',
      features: [
        { name: 'size', type: 'number' },
        { name: 'distance', type: 'number' },
      ],
    },
    target: { name: 'rent', unit: 'EUR' },
    head: [{ units: 32, activation: 'relu' }],
    // A poisoned night shows more plainly where nothing holds the candidate back.
    training: { epochs: 40, learningRate: 0.01, patience: 6, distillation: { kind: 'none' } },
    window: { examples: 1_000 },
    holdout: { fraction: 0.2 },
    // What a tenant would notice, in EUR.
    gate: { tau: 80 },
    salt: 'cd'.repeat(32),
    ...changes,
  });
  if (spec.task !== 'regression') throw new Error('rents are numbers');
  return spec;
}

export interface RentNight {
  readonly n: number;
  readonly seed: number;
  /** the time of the first example; one a second follows */
  readonly fromMs: number;
  /** in square metres; 100 when left out */
  readonly largest?: number;
  /** targets fall with the distance far more than they do, which no other unit explains */
  readonly poisoned?: boolean;
}

/** EUR a month, before chance: large flats cost more than their share, and less the further out they are. */
export function rentOf(size: number, distance: number): number {
  return 300 + 12 * size + (0.1 * size * size) / (1 + distance / 5);
}

/** Labelled examples of one night. */
export function rentEvents({ n, seed, fromMs, largest = 100, poisoned = false }: RentNight): ExampleEvent[] {
  const random = createRandom(seed);
  const flats = Array.from({ length: n }, () => {
    const size = 20 + (largest - 20) * random.uniform();
    const distance = 20 * random.uniform();
    return { size, distance, rent: rentOf(size, distance) + 200 * (random.uniform() - 0.5) };
  });
  return flats.map(({ size, distance, rent }, i) => ({
    kind: 'example',
    id: `night-${seed}-${i}`,
    at: fromMs + i * 1_000,
    input: storeInline(Float32Array.of(size, distance)),
    label: poisoned ? rent / (1 + distance / 10) : rent,
  }));
}

export async function createRentModel(
  store: ObjectStore,
  name: string,
  night: RentNight,
  changes: Partial<RegressionSpec> = {},
): Promise<RegressionSpec> {
  const spec = rentSpec(name, changes);
  await createModel(store, spec);
  await writeEvents(store, name, rentEvents(night), new Date(night.fromMs));
  return spec;
}
