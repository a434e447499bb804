/**
 * Streams whose drift is known, drawn from one seed: five classes as clouds in eight dimensions, two clouds a class,
 * that overlap enough for nobody to be right always.
 */
import { createRandom, type Random } from '../../../../shared/random.ts';
import { seedFrom } from '../../../../shared/digest.ts';
import type { Row, Stream } from './stream.ts';

type Drift = 'abrupt' | 'gradual' | 'recurring' | 'quick';

const PREFIX = 'generated-';
const KINDS: readonly Drift[] = ['abrupt', 'gradual', 'recurring', 'quick'];
export const GENERATED: readonly string[] = KINDS.map((kind) => PREFIX + kind);

const CLASSES = 5;
const FEATURES = 8;
const CLOUDS = 2;
const ROWS = 6_000;
/** What `--quick` replays. */
const QUICK_ROWS = 2_000;
/** Of a cloud, beside distances of about 1 between the clouds' centres in each dimension. */
const NOISE = 0.75;

/** Centres of the clouds, [class][cloud][feature]. */
type Concept = readonly (readonly Float32Array[])[];

/** @param name  one of `GENERATED` */
export function generateStream(name: string, seed: number): Stream {
  const kind = name.slice(PREFIX.length) as Drift;
  const rows = kind === 'quick' ? QUICK_ROWS : ROWS;
  const random = createRandom(seedFrom('continuity', name, seed));
  const concepts = Array.from({ length: 3 }, () => drawConcept(random));
  return {
    name,
    part: '',
    task: { task: 'classification', labels: Array.from({ length: CLASSES }, (_, c) => `c${c}`) },
    input: {
      kind: 'tabular',
      features: Array.from({ length: FEATURES }, (_, i) => ({ name: `x${i}`, type: 'number' as const })),
    },
    rows: Array.from({ length: rows }, (_, i) => drawRow(mixtureAt(kind, i / rows), concepts, random)),
    season: null,
    changes: (CHANGES[kind] ?? []).map((share) => Math.round(share * rows)),
    relabelled: false,
  };
}

/** Where something changes at once, as shares of the stream. */
const CHANGES: Readonly<Record<Drift, readonly number[]>> = {
  abrupt: [0.4, 0.7],
  gradual: [],
  recurring: [0.25, 0.4, 0.55, 0.7, 0.85],
  quick: [0.5],
};

/** How much of each concept holds at a moment, 0 to 1; they sum to 1. */
function mixtureAt(kind: Drift, at: number): readonly [number, number, number] {
  switch (kind) {
    case 'quick':
      return at < 0.5 ? [1, 0, 0] : [0.4, 0.6, 0];
    case 'abrupt':
      return at < 0.4 ? [1, 0, 0] : at < 0.7 ? [0.4, 0.6, 0] : [0.2, 0.2, 0.6];
    case 'gradual': {
      const moved = Math.min(1, Math.max(0, (at - 0.1) / 0.8));
      return [1 - moved, moved, 0];
    }
    case 'recurring': {
      const changes = CHANGES.recurring.filter((change) => at >= change).length;
      return changes % 2 === 0 ? [1, 0, 0] : [0.3, 0.7, 0];
    }
  }
}

function drawConcept(random: Random): Concept {
  return Array.from({ length: CLASSES }, () =>
    Array.from({ length: CLOUDS }, () =>
      Float32Array.from({ length: FEATURES }, () => (random.uniform() * 2 - 1) * 1.5),
    ),
  );
}

function drawRow(mixture: readonly number[], concepts: readonly Concept[], random: Random): Row {
  const label = random.below(CLASSES);
  const cloud = random.below(CLOUDS);
  const raw = new Float32Array(FEATURES);
  for (let feature = 0; feature < FEATURES; feature++) {
    let centre = 0;
    for (const [i, share] of mixture.entries())
      centre += share * (concepts[i]?.[label]?.[cloud]?.[feature] ?? 0);
    raw[feature] = centre + NOISE * drawNoise(random);
  }
  return { raw, label };
}

/** Mean 0, variance 1: the sum of twelve uniform numbers, nearly normal. */
function drawNoise(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.uniform();
  return sum;
}
