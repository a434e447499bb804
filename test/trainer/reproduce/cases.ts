/**
 * Versions of every kind that a training can make, each the last of its model: to be trained again.
 */
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../../shared/events/schema.ts';
import { loadSpec, replaceSpec } from '../../../shared/model/spec/load-spec.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { importBarBase } from '../../support/bar-base.ts';
import { barEvents, createBarModel } from '../../support/image-model.ts';
import { createRentModel, rentEvents } from '../../support/regression-model.ts';
import { blobEvents, createBlobModel } from '../../support/tabular-model.ts';
import { HISTORY as RETRY_HISTORY, nightEvents, retriedSpec } from '../pipeline/retry-night.ts';

const START = Date.parse('2026-11-01T00:00:00Z');
const LATER = START + 86_400_000;
/** Plans of microseconds: on a busy machine their times say nothing. */
const GATE = { edge: { latencyRatio: 100 } };

export interface Case {
  readonly name: string;
  readonly model: string;
  /** Trains a first version, and makes everything ready for the second, where there is one. */
  readonly prepare: (store: ObjectStore, retrain: () => Promise<unknown>) => Promise<void>;
  /** Which version is trained by the run that follows. */
  readonly version: number;
}

async function respecify(store: ObjectStore, model: string, changes: object): Promise<void> {
  const seen = await loadSpec(store, model);
  if (!seen.ok) throw new Error(seen.error.detail);
  await replaceSpec(store, seen.value, specSchema.parse({ ...seen.value.spec, ...changes }));
}

function collect(store: ObjectStore, model: string, events: readonly ExampleEvent[]): Promise<unknown> {
  return writeEvents(store, model, [...events], new Date(events[0]?.at ?? START));
}

export const CASES: readonly Case[] = [
  {
    name: 'rows, from a new initialisation',
    model: 'fresh',
    prepare: async (store) => {
      await createBlobModel(store, 'fresh', { n: 1_200, seed: 1, fromMs: START });
    },
    version: 1,
  },
  {
    name: 'rows, from the champion, with noise, mixup, replay and a teacher',
    model: 'blobs',
    prepare: async (store, retrain) => {
      await createBlobModel(store, 'blobs', { n: 1_200, seed: 1, fromMs: START });
      await retrain();
      const training = {
        epochs: 6,
        learningRate: 0.01,
        maxExamples: 900,
        augmentation: { noise: 0.1, featureDropout: 0.05, mixup: 0.2 },
        distillation: { kind: 'focal', base: 1, right: 5 },
      };
      await respecify(store, 'blobs', { training, gate: { ...GATE, splits: { count: 0 } } });
      await collect(store, 'blobs', blobEvents({ n: 800, seed: 2, fromMs: LATER, drift: 0.5 }));
    },
    version: 2,
  },
  {
    name: 'numbers, from the champion',
    model: 'rents',
    prepare: async (store, retrain) => {
      await createRentModel(store, 'rents', { n: 1_200, seed: 1, fromMs: START });
      await retrain();
      await collect(store, 'rents', rentEvents({ n: 800, seed: 2, fromMs: LATER, largest: 120 }));
    },
    version: 2,
  },
  {
    name: 'a second attempt',
    model: 'retried',
    prepare: async (store, retrain) => {
      await createBlobModel(store, 'retried', RETRY_HISTORY, retriedSpec({ strength: 8 }));
      await retrain();
      await collect(store, 'retried', nightEvents());
    },
    version: 2,
  },
  {
    name: 'a network',
    model: 'network',
    prepare: async (store) => {
      const training = { epochs: 2, learningRate: 0.01 };
      await createBarModel(store, 'network', { n: 600, seed: 1, fromMs: START }, { training, gate: GATE });
    },
    version: 1,
  },
  {
    name: 'pictures behind a base, with augmented copies',
    model: 'copies',
    prepare: async (store) => {
      const { digest: base } = await importBarBase(store);
      const augmentation = { copies: 1, rotation: 10, shift: 0.1 };
      const training = { epochs: 3, learningRate: 0.01, augmentation };
      const changes = { base, head: [{ units: 8 }], training, gate: GATE };
      await createBarModel(store, 'copies', { n: 600, seed: 1, fromMs: START }, changes);
    },
    version: 1,
  },
  {
    name: 'the end of a base',
    model: 'unfrozen',
    prepare: async (store, retrain) => {
      const { digest: base } = await importBarBase(store);
      const training = { epochs: 3, learningRate: 0.01 };
      const changes = { base, head: [{ units: 8 }], training, gate: { ...GATE, splits: { count: 0 } } };
      await createBarModel(store, 'unfrozen', { n: 600, seed: 1, fromMs: START }, changes);
      await retrain();
      const unfreeze = { from: 'top', epochs: 2, rateFactor: 0.3 };
      await respecify(store, 'unfrozen', { training: { ...training, unfreeze } });
      await collect(store, 'unfrozen', barEvents({ n: 500, seed: 2, fromMs: LATER, noise: 100 }));
    },
    version: 2,
  },
];
