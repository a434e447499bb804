/**
 * The held-out examples of every window, answered by all models of a run.
 */
import type { ReportedFlips, WindowEvidence } from '../../shared/continuity/evidence.ts';
import { answer, type Judged, type Version } from './answer.ts';
import { type RunContext, tell } from './context.ts';
import { countDecisions, type Decision, listOtherDecisions, recordDecision } from './decisions.ts';
import { sliceIds } from './feature-slices.ts';
import { type Examples, readExamples } from './features.ts';
import type { FormerChampion, WindowAnswers } from './former-champions.ts';
import { type Neighbours, pick, readNeighbours } from './neighbours.ts';
import type { Snapshot, SnapshotWindow } from './snapshot-file.ts';

/** Probabilities of both models that evidence may hold, 32 MB: beyond it they are left out, and with them calibration. */
const MOST_PROBABILITIES = 8_000_000;

/** Everything that answers. */
export interface Models {
  readonly candidate: Judged;
  readonly champion: Version | null;
  /** a candidate whose verdict is known; null when it could not be made */
  readonly broken: Judged | null;
  readonly former: readonly FormerChampion[];
}

export interface JudgedWindows {
  readonly windows: readonly WindowEvidence[];
  /** the same windows with the broken model in the candidate's place; [] without one */
  readonly broken: readonly WindowEvidence[];
  readonly answers: readonly WindowAnswers[];
  /** of the held-out examples; undefined without a champion, which flips are measured against */
  readonly reportedFlips: ReportedFlips | undefined;
}

/** What one window needs to know of the others. */
interface Surroundings {
  readonly neighbours: Neighbours;
  readonly decisions: readonly Decision[];
  readonly withProbabilities: boolean;
}

interface HeldOut {
  readonly window: SnapshotWindow;
  /** in the snapshot, ascending */
  readonly positions: readonly number[];
  readonly kind: WindowEvidence['kind'];
}

/** @param holdout  positions in the snapshot, by window */
export async function judgeWindows(
  ctx: RunContext,
  snapshot: Snapshot,
  holdout: readonly (readonly number[])[],
  models: Models,
): Promise<JudgedWindows> {
  const held = heldOut(snapshot, holdout);
  const examples = held.reduce((sum, { positions }) => sum + positions.length, 0);
  const surroundings = {
    neighbours: await readNeighbours(ctx, snapshot),
    decisions: await countOthers(ctx, held, models.champion !== null),
    withProbabilities: 2 * examples * ctx.spec.labels.length <= MOST_PROBABILITIES,
  };
  const windows: WindowEvidence[] = [];
  const broken: WindowEvidence[] = [];
  const answers: WindowAnswers[] = [];
  for (const [i, part] of held.entries()) {
    const examples = await readExamples(ctx, snapshot, part.positions);
    const common = describeWindow(ctx, part, examples, surroundings);
    const champion = models.champion && answer(ctx, models.champion, examples);
    const judge = (model: Judged): WindowEvidence =>
      withAnswers(common, answer(ctx, model, examples), champion, surroundings);
    const judged = judge(models.candidate);
    windows.push(judged);
    if (models.broken !== null) broken.push(judge(models.broken));
    const former = models.former.map((version) => answer(ctx, version, examples).classes);
    answers.push({ window: part.window, labels: examples.labels, candidate: judged.candidate, former });
    await tell(ctx, 'evaluate', (i + 1) / held.length, `window ${part.window.id}`);
  }
  const reportedFlips = models.champion === null ? undefined : gatherReported(held, windows, surroundings);
  return { windows, broken, answers, reportedFlips };
}

/**
 * The reported examples that are held out. The others are trained on, which is how what was reported is put right; and
 * as the keyed hash decides which is which, nobody can aim a report at the gate, or take an example out of training.
 */
function gatherReported(
  held: readonly HeldOut[],
  windows: readonly WindowEvidence[],
  { neighbours: { reported } }: Surroundings,
): ReportedFlips {
  const found = held.flatMap(({ positions }, w) => {
    const window = windows[w] as WindowEvidence;
    return positions.flatMap((position, i) => (reported.has(position) ? [{ window, i }] : []));
  });
  const pickFrom = (of: (window: WindowEvidence) => Int32Array | null): Int32Array =>
    Int32Array.from(found, ({ window, i }) => of(window)?.[i] ?? -1);
  return {
    exampleIds: found.map(({ window, i }) => window.exampleIds[i] as string),
    windows: found.map(({ window }) => window.id),
    labels: pickFrom(({ labels }) => labels),
    candidate: pickFrom(({ candidate }) => candidate),
    champion: pickFrom(({ champion }) => champion),
  };
}

/** An empty past window has nothing to say; an empty current one is evidence that is missing. */
function heldOut({ windows }: Snapshot, holdout: readonly (readonly number[])[]): HeldOut[] {
  const last = windows.length - 1;
  return windows.flatMap((window, i): HeldOut[] => {
    const positions = holdout[i] ?? [];
    if (i === last) return [{ window, positions, kind: 'current' }];
    return positions.length === 0 ? [] : [{ window, positions, kind: 'past' }];
  });
}

/**
 * Notes this run's decision, then lists the others': of two runs at once, at least one sees the other. Without a
 * champion past windows have nothing to be compared with, and are not used up.
 */
async function countOthers(
  ctx: RunContext,
  held: readonly HeldOut[],
  compared: boolean,
): Promise<Decision[]> {
  const current = held.at(-1)?.window;
  const first = compared ? held[0]?.window : current;
  if (first !== undefined && current !== undefined) {
    await recordDecision(ctx, { fromMs: first.fromMs, toMs: current.toMs });
  }
  return listOtherDecisions(ctx);
}

type Described = Omit<WindowEvidence, 'candidate' | 'champion'>;

/** Everything about a window's examples but the answers. */
function describeWindow(
  { spec }: RunContext,
  { window: { id, fromMs, toMs }, kind, positions }: HeldOut,
  examples: Examples,
  { neighbours, decisions }: Surroundings,
): Described {
  return {
    id,
    kind,
    fromMs,
    toMs,
    exampleIds: examples.ids,
    labels: examples.labels,
    ...(neighbours.groups && { groups: pick(neighbours.groups, positions) }),
    features: sliceIds(spec, examples),
    previousLabels: pick(neighbours.previous, positions),
    decisions: countDecisions({ fromMs, toMs }, decisions),
  };
}

type Answered = ReturnType<typeof answer>;

function withAnswers(
  described: Described,
  candidate: Answered,
  champion: Answered | null,
  { withProbabilities }: Surroundings,
): WindowEvidence {
  return {
    ...described,
    candidate: candidate.classes,
    champion: champion && champion.classes,
    ...(withProbabilities && {
      candidateProbabilities: candidate.probabilities,
      ...(champion && { championProbabilities: champion.probabilities }),
    }),
  };
}
