/**
 * Evidence for tests: from exact counts, or drawn from known rates with a seeded generator.
 */
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';

export interface Counts {
  /** candidate right, champion wrong */
  readonly gains: number;
  /** candidate wrong, champion right */
  readonly losses: number;
  readonly n: number;
  /** examples on which both are wrong; 0 when left out */
  readonly bothWrong?: number;
}

const CLASSES = ['cat', 'dog'];
const DAY_MS = 86_400_000;

/** A window with exactly these counts; labels alternate between the two classes. */
export function windowOf(id: string, kind: 'past' | 'current', counts: Counts, fromMs = 0): WindowEvidence {
  const { gains, losses, n, bothWrong = 0 } = counts;
  const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
  const champion = labels.map((label, i) => (i < gains || i >= n - bothWrong ? 1 - label : label));
  const candidate = labels.map((label, i) =>
    (i >= gains && i < gains + losses) || i >= n - bothWrong ? 1 - label : label,
  );
  const exampleIds = Array.from({ length: n }, (_, i) => `${id}/${i}`);
  return { id, kind, fromMs, toMs: fromMs + DAY_MS, exampleIds, labels, candidate, champion };
}

/** Sound evidence with a champion: past windows in order, the current one last. */
export function evidenceOf(past: readonly Counts[], current: Counts): Evidence {
  const windows = [
    ...past.map((counts, i) => windowOf(`past-${i}`, 'past', counts, i * DAY_MS)),
    windowOf('now', 'current', current, past.length * DAY_MS),
  ];
  return {
    classes: CLASSES,
    windows,
    majority: 0,
    candidate: {
      digest: 'sha256:candidate',
      finite: true,
      reproduces: true,
      exportAgrees: true,
      exportDifference: 1e-7,
      trainedOn: 1_000,
    },
    champion: { version: 3, digest: 'sha256:champion' },
  };
}

/** The same evidence before any champion was promoted. */
export function withoutChampion(evidence: Evidence): Evidence {
  return {
    ...evidence,
    champion: null,
    windows: evidence.windows.map((window) => ({ ...window, champion: null })),
  };
}

/** mulberry32: uniform in [0, 1), repeatable from its seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Rates {
  readonly gain: number;
  readonly loss: number;
}

/** Rates of a candidate that differs by `difference` and disagrees on `disagreement` of the examples. */
export function ratesOf(difference: number, disagreement: number): Rates {
  return { gain: (disagreement + difference) / 2, loss: (disagreement - difference) / 2 };
}

/** Counts of n independent examples. */
export function drawCounts({ gain, loss }: Rates, n: number, random: () => number): Counts {
  let gains = 0;
  let losses = 0;
  for (let i = 0; i < n; i++) {
    const u = random();
    if (u < loss) losses++;
    else if (u < loss + gain) gains++;
  }
  return { gains, losses, n, bothWrong: Math.min(Math.round(n / 10), n - gains - losses) };
}
