/**
 * All checks on 10 windows of 10,000 examples and 10 classes with 2,000 bootstrap draws, beside the same bootstrap
 * written as the loops one would write first: every draw picks examples and scores them again.
 */
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { drawFrom, evidenceOf } from './population.ts';
import type { Draw } from './population.ts';
import { rowOf, tableOf } from './table.ts';
import type { Measured } from './table.ts';

const WINDOWS = 10;
const SIZE = 10_000;
const CLASSES = 10;
const DRAWS = 2_000;
/** The naive loop is timed on this many draws and scaled up: it is linear in them. */
const NAIVE_DRAWS = 10;
const REPEATS = 5;
const LIMIT_SECONDS = 2;

function fullEvidence(draw: Draw): Evidence {
  const windows = Array.from({ length: WINDOWS }, (_, i) => fullWindow(i, draw));
  const timings = (): Float64Array => Float64Array.from({ length: 200 }, () => 1 + 0.1 * draw());
  const scores = (): Float64Array => Float64Array.from({ length: 10 }, () => 0.9 + 0.01 * draw());
  return {
    ...evidenceOf(windows, CLASSES),
    features: [{ name: 'device', values: ['desk', 'phone', 'watch'] }],
    edge: {
      candidateBytes: 1_000,
      championBytes: 1_000,
      memoryBytes: 1e6,
      candidateMs: timings(),
      championMs: timings(),
    },
    splits: {
      trained: 8_000,
      tested: 2_000,
      candidate: { train: scores(), test: scores() },
      champion: { train: scores(), test: scores() },
    },
    selfTests: [{ id: 'files', passed: true, detail: 'as expected' }],
  };
}

function fullWindow(i: number, draw: Draw): WindowEvidence {
  const labels = Int32Array.from({ length: SIZE }, () => Math.floor(CLASSES * draw()));
  const answer = (): Int32Array =>
    labels.map((label) => (draw() < 0.9 ? label : Math.floor(CLASSES * draw())));
  const champion = answer();
  const candidate = champion.map((id, at) => (draw() < 0.05 ? (labels[at] as number) : id));
  return {
    id: `window ${i}`,
    kind: i === WINDOWS - 1 ? 'current' : 'past',
    fromMs: i,
    toMs: i + 1,
    exampleIds: Array.from({ length: SIZE }, (_, at) => `${i}/${at}`),
    labels,
    candidate,
    champion,
    candidateProbabilities: probabilitiesOf(candidate, draw),
    championProbabilities: probabilitiesOf(champion, draw),
    previousLabels: labels.map((_, at) => (at === 0 ? -1 : (labels[at - 1] as number))),
    features: [labels.map(() => Math.floor(3 * draw()))],
  };
}

function probabilitiesOf(answers: Int32Array, draw: Draw): Float32Array {
  const rows = new Float32Array(SIZE * CLASSES);
  for (let i = 0; i < SIZE; i++) {
    const confidence = 0.5 + 0.49 * draw();
    rows.fill((1 - confidence) / (CLASSES - 1), i * CLASSES, (i + 1) * CLASSES);
    rows[i * CLASSES + (answers[i] as number)] = confidence;
  }
  return rows;
}

/** Means of log loss and Brier score of resampled examples, both models, draw by draw. */
function naiveBootstrap(windows: readonly WindowEvidence[], draws: number, draw: Draw): number {
  let checksum = 0;
  for (let d = 0; d < draws; d++) {
    for (const { labels, candidateProbabilities, championProbabilities } of windows) {
      for (const probabilities of [candidateProbabilities, championProbabilities]) {
        if (probabilities === undefined) continue;
        let [logLoss, brier] = [0, 0];
        for (let k = 0; k < SIZE; k++) {
          const i = Math.floor(draw() * SIZE);
          const label = labels[i] as number;
          logLoss -= Math.log(Math.max(probabilities[i * CLASSES + label] as number, 1e-7));
          for (let c = 0; c < CLASSES; c++) {
            brier += ((probabilities[i * CLASSES + c] as number) - (c === label ? 1 : 0)) ** 2;
          }
        }
        checksum += logLoss / SIZE + brier / SIZE;
      }
    }
  }
  return checksum;
}

/** Prints the median time of all checks, and of the naive bootstrap alone. */
export function benchSpeed(): Measured {
  const draw = drawFrom(3);
  const evidence = fullEvidence(draw);
  const policy = gatePolicySchema.parse({ slices: ['device'], bootstrap: { draws: DRAWS } });
  const times = Array.from({ length: REPEATS }, () => secondsOf(() => decideGate(evidence, policy))).sort(
    (a, b) => a - b,
  );
  const ours = times[REPEATS >> 1] as number;
  const naive = (secondsOf(() => naiveBootstrap(evidence.windows, NAIVE_DRAWS, draw)) * DRAWS) / NAIVE_DRAWS;
  const table = tableOf(
    `${WINDOWS} windows x ${SIZE} examples x ${CLASSES} classes, ${DRAWS} draws, seconds on one core`,
    ['what', 'seconds'],
    [
      [`all checks, median of ${REPEATS}`, ours.toFixed(2)],
      ['naive bootstrap of log loss and Brier score alone', naive.toFixed(1)],
    ],
  );
  const rows = [
    rowOf('all checks, 10 x 10,000 x 10, 2,000 draws', 's', ours, {
      peer: 'naive bootstrap loop',
      theirs: naive,
      atMost: LIMIT_SECONDS,
    }),
  ];
  return { rows, tables: [table] };
}

function secondsOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1_000;
}
