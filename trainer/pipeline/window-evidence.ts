/**
 * The held-out examples of every window, answered by all models of a run.
 */
import type { WindowEvidence } from '../../shared/continuity/evidence.ts';
import { answer, type Judged, type Version } from './answer.ts';
import { type RunContext, tell } from './context.ts';
import { countDecisions, type Decision, listOtherDecisions, recordDecision } from './decisions.ts';
import { sliceIds } from './feature-slices.ts';
import { type Examples, readExamples } from './features.ts';
import type { FormerChampion, WindowScores } from './former-champions.ts';
import { type Neighbours, pick, pickIds, readNeighbours } from './neighbours.ts';
import type { Snapshot, SnapshotWindow } from './snapshot-file.ts';
import type { Described, WindowForm } from './window-forms.ts';

/** Everything that answers. */
export interface Models {
  readonly candidate: Judged;
  readonly champion: Version | null;
  /** a candidate whose verdict is known; null when it could not be made */
  readonly broken: Judged | null;
  readonly former: readonly FormerChampion[];
}

export interface JudgedWindows<Window> {
  readonly windows: readonly Window[];
  /** the same windows with the broken model in the candidate's place; [] without one */
  readonly broken: readonly Window[];
  readonly scores: readonly WindowScores[];
  /** indices of the examples that users reported as turned wrong by an update, by window */
  readonly reported: readonly (readonly number[])[];
}

/** What one window needs to know of the others. */
interface Surroundings {
  readonly neighbours: Neighbours;
  readonly decisions: readonly Decision[];
}

export interface HeldOut {
  readonly window: SnapshotWindow;
  /** in the snapshot, ascending */
  readonly positions: readonly number[];
  readonly kind: WindowEvidence['kind'];
}

/**
 * @param holdout  positions in the snapshot, by window
 * @param form     the task's
 */
export async function judgeWindows<Window>(
  ctx: RunContext,
  snapshot: Snapshot,
  holdout: readonly (readonly number[])[],
  models: Models,
  form: WindowForm<Window>,
): Promise<JudgedWindows<Window>> {
  const held = heldOut(snapshot, holdout);
  const surroundings = {
    neighbours: await readNeighbours(ctx, snapshot),
    decisions: await countOthers(ctx, held, models.champion !== null),
  };
  const windows: Window[] = [];
  const broken: Window[] = [];
  const scores: WindowScores[] = [];
  for (const [i, part] of held.entries()) {
    const examples = await readExamples(ctx, snapshot, part.positions);
    const { labels } = examples;
    const truth = { labels, previous: pick(surroundings.neighbours.previous, part.positions) };
    const described = describeWindow(ctx, part, examples, surroundings);
    const candidate = await answer(ctx, models.candidate, examples);
    const champion = models.champion && (await answer(ctx, models.champion, examples));
    windows.push(form.toWindow(described, truth, { candidate, champion }));
    if (models.broken !== null) {
      const outputs = { candidate: await answer(ctx, models.broken, examples), champion };
      broken.push(form.toWindow(described, truth, outputs));
    }
    const score = (outputs: Float32Array): number | null =>
      labels.length === 0 ? null : form.score(labels, outputs);
    scores.push({
      window: part.window,
      untrained: labels.length === 0 ? null : form.untrained(labels),
      candidate: score(candidate),
      former: await scoreAll(ctx, models.former, examples, score),
    });
    await tell(ctx, 'evaluate', (i + 1) / held.length, `window ${part.window.id}`);
  }
  const { reported: positions } = surroundings.neighbours;
  const reported = held.map((part) =>
    part.positions.flatMap((position, i) => (positions.has(position) ? [i] : [])),
  );
  return { windows, broken, scores, reported };
}

async function scoreAll(
  ctx: RunContext,
  versions: readonly Version[],
  examples: Examples,
  score: (outputs: Float32Array) => number | null,
): Promise<(number | null)[]> {
  const scores: (number | null)[] = [];
  for (const version of versions) scores.push(score(await answer(ctx, version, examples)));
  return scores;
}

/** An empty past window has nothing to say; an empty current one is evidence that is missing. */
export function heldOut(
  { windows }: Pick<Snapshot, 'windows'>,
  holdout: readonly (readonly number[])[],
): HeldOut[] {
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
    ...(neighbours.groups && { groups: pickIds(neighbours.groups, positions) }),
    features: sliceIds(spec, examples),
    decisions: countDecisions({ fromMs, toMs }, decisions),
  };
}
