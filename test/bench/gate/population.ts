/**
 * Populations whose true rates are known, and evidence drawn from them.
 */
import { LARGEST_LOG_LOSS } from '../../../shared/continuity/policy/probabilities.ts';
import { createRandom } from '../../../shared/random.ts';
import type {
  Evidence,
  RegressionEvidence,
  WindowEvidence,
} from '../../../shared/continuity/evidence/evidence.ts';

export type Draw = () => number;

export function drawFrom(seed: number): Draw {
  const random = createRandom(seed);
  return () => random.uniform();
}

export type Shape = 'balanced' | 'skewed' | 'grouped';
export const SHAPES: readonly Shape[] = ['balanced', 'skewed', 'grouped'];

/** Shares of the classes. */
export const CLASS_SHARES: Readonly<Record<Shape, readonly number[]>> = {
  balanced: [0.25, 0.25, 0.25, 0.25],
  skewed: [0.85, 0.08, 0.05, 0.02],
  grouped: [0.25, 0.25, 0.25, 0.25],
};

/**
 * Groups of 1 to 9 examples. A fifth of the groups are prone to what happens, at four times the average rate; the
 * others see it at a quarter of it. So the rate over all is what it was, and the examples of a group are alike.
 */
export function drawGroups(n: number, draw: Draw): Int32Array {
  const groups = new Int32Array(n);
  let group = 0;
  for (let i = 0; i < n; group++) {
    const end = Math.min(n, i + 1 + Math.floor(9 * draw()));
    while (i < end) groups[i++] = group;
  }
  return groups;
}

const PRONE = 0.2;

/** Factor of a rate in each group, [groups]; all 1 without groups. */
export function drawProneness(groups: Int32Array | null, draw: Draw): (i: number) => number {
  if (groups === null) return () => 1;
  const factors = Array.from({ length: (groups.at(-1) ?? 0) + 1 }, () => (draw() < PRONE ? 4 : 0.25));
  return (i) => factors[groups[i] as number] as number;
}

export function drawClass(shares: readonly number[], draw: Draw): number {
  let rest = draw();
  for (const [classId, share] of shares.entries()) {
    rest -= share;
    if (rest < 0) return classId;
  }
  return shares.length - 1;
}

/** How often the candidate alone is right, and the champion alone. */
export interface Rates {
  readonly gain: number;
  readonly loss: number;
}

export function ratesOf(difference: number, disagreement: number): Rates {
  return { gain: (disagreement + difference) / 2, loss: (disagreement - difference) / 2 };
}

/** Share on which both are wrong. */
const BOTH_WRONG = 0.1;

export interface WindowPlan {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly n: number;
  readonly shape: Shape;
  readonly rates: Rates;
  /** rates of one class, where it has its own */
  readonly ofClass?: { readonly classId: number; readonly rates: Rates };
}

/** One window; its last three fields repeat from the draws like the rest. */
export function drawWindow(
  plan: WindowPlan,
  fromMs: number,
  draw: Draw,
): WindowEvidence & { champion: Int32Array } {
  const { id, kind, n, shape } = plan;
  const shares = CLASS_SHARES[shape];
  const classes = shares.length;
  const groups = shape === 'grouped' ? drawGroups(n, draw) : null;
  const [lossProne, gainProne] = [drawProneness(groups, draw), drawProneness(groups, draw)];
  const labels = new Int32Array(n);
  const candidate = new Int32Array(n);
  const champion = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const label = drawClass(shares, draw);
    const wrong = (label + 1) % classes;
    const { loss, gain } = plan.ofClass?.classId === label ? plan.ofClass.rates : plan.rates;
    const [lossRate, gainRate] = [loss * lossProne(i), gain * gainProne(i)];
    const u = draw();
    const candidateWrong = u < lossRate || u >= 1 - BOTH_WRONG;
    const championWrong = (u >= lossRate && u < lossRate + gainRate) || u >= 1 - BOTH_WRONG;
    labels[i] = label;
    candidate[i] = candidateWrong ? wrong : label;
    champion[i] = championWrong ? wrong : label;
  }
  const exampleIds: string[] = Array(n).fill('');
  const toMs = fromMs + 1;
  const common = { id, kind, fromMs, toMs, exampleIds, inTimeOrder: true as const };
  return { ...common, labels, candidate, champion, ...(groups && { groups }) };
}

/** Windows in the order of the plans. */
export function drawEvidence(plans: readonly WindowPlan[], draw: Draw): Evidence {
  return evidenceOf(plans.map((plan, i) => drawWindow(plan, i, draw)));
}

export function evidenceOf(windows: readonly WindowEvidence[], classes = 4): Evidence {
  return {
    classes: Array.from({ length: classes }, (_, k) => `class ${k}`),
    windows,
    majority: 0,
    candidate: FACTS,
    champion: { version: 1, digest: 'sha256:champion' },
  };
}

const FACTS = {
  digest: 'sha256:candidate',
  finite: true,
  reproduces: true,
  exportAgrees: true,
  exportDifference: 0,
  trainedOn: 1_000,
} as const;

/**
 * Probabilities that cost `rise` more than the champion's, exactly, in expectation: a set of kinds of examples, and the
 * share of them on which the candidate does worse, solved for.
 */
interface Kind {
  readonly share: number;
  readonly champion: number;
  readonly candidate: number;
}

const OTHERS = 2;
/** The score of a probability p on the label, the rest shared by two other classes. */
const SCORES = {
  logLoss: (p: number) => Math.min(-Math.log(p), LARGEST_LOG_LOSS),
  brier: (p: number) => (1 - p) ** 2 * (1 + 1 / OTHERS),
} as const;

const LEVELS = [
  { share: 0.6, p: 0.97 },
  { share: 0.2, p: 0.8 },
  { share: 0.12, p: 0.5 },
  { share: 0.08, p: 0.2 },
] as const;
/** How the candidate's probabilities differ from the champion's: a little up or down, and now and then collapsed. */
export interface Mistakes {
  readonly logitNoise: number;
  /** probability of the label where it collapses */
  readonly collapsed: number;
  /** a whole group collapses together */
  readonly wholeGroups: boolean;
}

/** Champion's and candidate's probability of the label, by kind: a little up, a little down, or collapsed. */
function kindsAt(collapse: number, { logitNoise, collapsed }: Mistakes): Kind[] {
  const shift = (p: number, by: number): number => 1 / (1 + ((1 - p) / p) * Math.exp(-by));
  return LEVELS.flatMap(({ share, p }) => [
    { share: (share * (1 - collapse)) / 2, champion: p, candidate: shift(p, logitNoise) },
    { share: (share * (1 - collapse)) / 2, champion: p, candidate: shift(p, -logitNoise) },
    { share: share * collapse, champion: p, candidate: collapsed },
  ]);
}

function expectedRise(kinds: readonly Kind[], of: (p: number) => number): number {
  return kinds.reduce(
    (sum, { share, champion, candidate }) => sum + share * (of(candidate) - of(champion)),
    0,
  );
}

/** Share of collapses at which the expected rise is exactly this. */
function collapseFor(rise: number, mistakes: Mistakes): number {
  let [low, high] = [0, 0.5];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (expectedRise(kindsAt(middle, mistakes), SCORES.logLoss) < rise) low = middle;
    else high = middle;
  }
  return low;
}

/** Current windows whose expected rise of the log loss is exactly this; what the Brier score then rises by, exactly. */
export function scoredWindows(
  n: number,
  shape: Shape,
  logLossRise: number,
  mistakes: Mistakes,
): { readonly brierRise: number; readonly draw: (draw: Draw) => Evidence } {
  const collapse = collapseFor(logLossRise, mistakes);
  const kinds = kindsAt(0, mistakes);
  const shareOf = kinds.map(({ share }) => share);
  const draw = (draw: Draw): Evidence => {
    const groups = shape === 'grouped' ? drawGroups(n, draw) : null;
    const collapses = drawCollapses(groups, collapse, mistakes, draw);
    const shares = shape === 'skewed' ? [0.9, 0.07, 0.03] : [1 / 3, 1 / 3, 1 / 3];
    const labels = new Int32Array(n);
    const [candidateProbabilities, championProbabilities] = [
      new Float32Array(3 * n),
      new Float32Array(3 * n),
    ];
    for (let i = 0; i < n; i++) {
      const label = drawClass(shares, draw);
      const kind = kinds[drawClass(shareOf, draw)] as Kind;
      labels[i] = label;
      setRow(championProbabilities, i, label, kind.champion);
      setRow(candidateProbabilities, i, label, collapses(i) ? mistakes.collapsed : kind.candidate);
    }
    const answers = (rows: Float32Array): Int32Array =>
      labels.map((label, i) => ((rows[3 * i + label] as number) > 1 / 3 ? label : (label + 1) % 3));
    return evidenceOf(
      [
        {
          id: 'now',
          kind: 'current',
          fromMs: 0,
          toMs: 1,
          exampleIds: Array(n).fill(''),
          inTimeOrder: true,
          labels,
          candidate: answers(candidateProbabilities),
          champion: answers(championProbabilities),
          candidateProbabilities,
          championProbabilities,
          ...(groups && { groups }),
        },
      ],
      3,
    );
  };
  return { brierRise: expectedRise(kindsAt(collapse, mistakes), SCORES.brier), draw };
}

/** Whether the candidate collapses on an example: on each by itself, more often in prone groups, or on whole groups. */
function drawCollapses(
  groups: Int32Array | null,
  rate: number,
  { wholeGroups }: Mistakes,
  draw: Draw,
): (i: number) => boolean {
  if (!wholeGroups || groups === null) {
    const prone = drawProneness(groups, draw);
    return (i) => draw() < rate * prone(i);
  }
  const collapsed = Array.from({ length: (groups.at(-1) ?? 0) + 1 }, () => draw() < rate);
  return (i) => collapsed[groups[i] as number] as boolean;
}

function setRow(rows: Float32Array, i: number, label: number, p: number): void {
  rows.fill((1 - p) / OTHERS, 3 * i, 3 * i + 3);
  rows[3 * i + label] = p;
}

/** Laplace errors; on three examples in ten the candidate's is another draw, `ratio` times as large on all. */
export function drawRegression(
  n: number,
  shape: Shape,
  ratio: number,
  kind: 'past' | 'current',
  draw: Draw,
): RegressionEvidence {
  const groups = shape === 'grouped' ? drawGroups(n, draw) : null;
  const redrawn = drawProneness(groups, draw);
  const targets = Float64Array.from({ length: n }, () => 10 * draw());
  const champion = new Float64Array(n);
  const candidate = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const error = drawLaplace(draw);
    const other = draw() < 0.2 * redrawn(i) ? drawLaplace(draw) : error;
    champion[i] = (targets[i] as number) + error;
    candidate[i] = (targets[i] as number) + ratio * other;
  }
  const window = {
    id: kind,
    kind,
    fromMs: 0,
    toMs: 1,
    exampleIds: Array(n).fill(''),
    inTimeOrder: true as const,
    targets,
    champion,
    candidate,
    ...(groups && { groups }),
  };
  const now = { ...window, id: 'now', kind: 'current' as const, fromMs: 1, toMs: 2 };
  return {
    task: 'regression',
    windows: kind === 'past' ? [window, now] : [window],
    mean: 5,
    candidate: FACTS,
    champion: { version: 1, digest: 'sha256:champion' },
  };
}

export function drawLaplace(draw: Draw): number {
  const u = draw() - 0.5;
  return -Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
}

/** Standard normal (Box & Muller 1958). */
export function drawNormal(draw: Draw): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}
