/**
 * A small image model whose truth is known: 8x8 pictures of a bar that lies, stands or leans, on noise.
 */
import { writeEvents } from '../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../shared/events/schema.ts';
import { storeInline } from '../../shared/events/stored-input.ts';
import { createModel } from '../../shared/model/spec/load-spec.ts';
import { type ClassificationSpec, specSchema } from '../../shared/model/spec/spec.ts';
import { createRandom, type Random } from '../../shared/random.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

const SIDE = 8;
export const BARS = ['lying', 'standing', 'leaning'] as const;

const NETWORK = [
  { type: 'conv2d', filters: 6 },
  { type: 'maxPool' },
  { type: 'conv2d', filters: 8, activation: 'linear' },
  { type: 'batchNormalization' },
  { type: 'activation', activation: 'relu' },
  { type: 'dropout', rate: 0.1 },
  { type: 'globalAveragePool' },
];

/** With a network, unless it has a base. */
export function barSpec(name: string, changes: object = {}): ClassificationSpec {
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name,
    task: 'classification',
    input: { kind: 'image', height: SIDE, width: SIDE, channels: 1 },
    labels: [...BARS],
    ...('base' in changes ? {} : { network: NETWORK }),
    head: [],
    training: { epochs: 8, learningRate: 0.01 },
    window: { examples: 800 },
    holdout: { fraction: 0.3 },
    salt: 'ab'.repeat(32),
    ...changes,
  });
  if (spec.task !== 'classification') throw new Error('bars have labels');
  return spec;
}

/** Pixels 0 to 255. */
function drawBar(label: number, random: Random, noise: number): Float32Array {
  const pixels = Float32Array.from({ length: SIDE * SIDE }, () => Math.floor(random.uniform() * noise));
  const [row, column] = [1 + random.below(SIDE - 2), 1 + random.below(SIDE - 2)];
  const length = 4;
  for (let i = 0; i < length; i++) {
    const down = label === 0 ? row : (row + i) % SIDE;
    const right = label === 1 ? column : (column + i) % SIDE;
    pixels[down * SIDE + right] = 255;
  }
  return pixels;
}

/** As a model sees them: 0 to 1. */
export function barSet(n: number, seed: number, noise = 120) {
  const random = createRandom(seed);
  const labels = Int32Array.from({ length: n }, () => random.below(BARS.length));
  const features = new Float32Array(n * SIDE * SIDE);
  for (const [i, label] of labels.entries()) {
    features.set(
      drawBar(label, random, noise).map((pixel) => pixel / 255),
      i * SIDE * SIDE,
    );
  }
  return { features, labels };
}

export interface BarNight {
  readonly n: number;
  readonly seed: number;
  /** the time of the first example; one a second follows */
  readonly fromMs: number;
  /** the brightest noise */
  readonly noise?: number;
}

export function barEvents({ n, seed, fromMs, noise = 60 }: BarNight): ExampleEvent[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, (_, i) => {
    const label = random.below(BARS.length);
    const raw = drawBar(label, random, noise);
    return {
      kind: 'example',
      id: `night-${seed}-${i}`,
      at: fromMs + i * 1_000,
      input: storeInline(raw),
      label,
    };
  });
}

export async function createBarModel(
  store: ObjectStore,
  name: string,
  night: BarNight,
  changes: object = {},
): Promise<ClassificationSpec> {
  const spec = barSpec(name, changes);
  await createModel(store, spec);
  await writeEvents(store, name, barEvents(night), new Date(night.fromMs));
  return spec;
}
