/**
 * The held-out examples of every window, answered by all models of a run.
 */
import { joinFloats } from '../../../shared/bytes.ts';
import type { WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { predict, type JudgedModel, type LoadedVersion } from '../features/judged-model.ts';
import { readingBase, reportProgress, type RunContext, type RunData } from '../../run/context.ts';
import { slicedFeatures, sliceIds } from './feature-slices.ts';
import { type Examples, readExamples } from '../features/features.ts';
import type { FormerChampion, WindowScores } from './former-champions.ts';
import { type Neighbours, numberInputs, pick, pickIds, readNeighbours } from './neighbours.ts';
import type { Selection } from '../data/selection.ts';
import { shardsOf, type Snapshot, type SnapshotWindow } from '../data/snapshot-file.ts';
import type { Described, WindowForm } from '../features/window-forms.ts';

/** Everything that answers. */
export interface Models {
  readonly candidate: JudgedModel;
  readonly champion: LoadedVersion | null;
  /** a candidate whose verdict is known; null when it could not be made */
  readonly broken: JudgedModel | null;
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

export interface HeldOut {
  readonly window: SnapshotWindow;
  /** in the snapshot, ascending */
  readonly positions: readonly number[];
  readonly kind: WindowEvidence['kind'];
}

/**
 * @param whole      the run's snapshot, by which neighbours are known
 * @param selection  what the run reads of it
 * @param holdout    positions in the selection, by window
 * @param form       the task's
 */
export async function judgeWindows<Window>(
  ctx: RunContext,
  whole: Snapshot,
  { snapshot, positionOf }: Selection,
  holdout: readonly (readonly number[])[],
  models: Models,
  form: WindowForm<Window>,
): Promise<JudgedWindows<Window>> {
  const held = heldOut(snapshot, holdout);
  const neighbours = await readNeighbours(ctx, whole);
  const places = held.map(({ positions }) => positions.map(positionOf));
  const contents = numberInputs(neighbours, places);
  const windows: Window[] = [];
  const broken: Window[] = [];
  const scores: WindowScores[] = [];
  for (const [i, part] of held.entries()) {
    const answered = await answerWindow(ctx, snapshot, part.positions, models);
    const { labels, candidate, champion } = answered;
    const truth = { labels, previous: pick(neighbours.previous, places[i] as number[]) };
    const described = describeWindow(
      part,
      answered,
      neighbours,
      places[i] as number[],
      contents?.[i] ?? null,
    );
    windows.push(form.toWindow(described, truth, { candidate, champion }));
    if (answered.broken !== null) {
      broken.push(form.toWindow(described, truth, { candidate: answered.broken, champion }));
    }
    const score = (outputs: Float32Array): number | null =>
      labels.length === 0 ? null : form.score(labels, outputs);
    scores.push({
      window: part.window,
      untrained: labels.length === 0 ? null : form.untrained(labels),
      candidate: score(candidate),
      former: answered.former.map(score),
    });
    await reportProgress(ctx, 'evaluate', (i + 1) / held.length, `window ${part.window.id}`);
  }
  const { reported: positions } = neighbours;
  const reported = places.map((own) => own.flatMap((position, i) => (positions.has(position) ? [i] : [])));
  return { windows, broken, scores, reported };
}

/** What all models say of a window's examples, [n, width of an output] each. */
interface AnsweredWindow {
  readonly ids: readonly string[];
  readonly labels: Float64Array;
  /** As `sliceIds` gives them. */
  readonly slices: readonly Int32Array[];
  readonly candidate: Float32Array;
  readonly champion: Float32Array | null;
  readonly broken: Float32Array | null;
  readonly former: readonly Float32Array[];
}

/**
 * Shard by shard: the features of a large window would fill an isolate. An example has the same answer whichever others
 * it is asked with.
 */
async function answerWindow(
  ctx: RunData,
  snapshot: Snapshot,
  positions: readonly number[],
  { candidate, champion, broken, former }: Models,
): Promise<AnsweredWindow> {
  const models = [candidate, champion, broken, ...former];
  const parts: { readonly examples: Pick<Examples, 'ids' | 'labels'>; readonly slices: Int32Array[] }[] = [];
  const outputs: Float32Array[][] = models.map(() => []);
  for (const own of byShard(snapshot, positions)) {
    const examples = await readExamples(ctx, snapshot, own);
    const { ids, labels } = examples;
    parts.push({ examples: { ids, labels }, slices: await sliceShard(ctx, snapshot, examples, own) });
    for (const [m, model] of models.entries()) {
      if (model !== null) outputs[m]?.push(await predict(ctx, model, examples));
    }
  }
  const said = (m: number): Float32Array => joinFloats(outputs[m] ?? []);
  const features = parts[0]?.slices ?? slicedFeatures(ctx.spec).map(() => new Int32Array());
  return {
    ids: parts.flatMap(({ examples }) => examples.ids),
    labels: Float64Array.from(parts.flatMap(({ examples }) => [...examples.labels])),
    slices: features.map((_, f) => Int32Array.from(parts.flatMap(({ slices }) => [...(slices[f] ?? [])]))),
    candidate: said(0),
    champion: champion && said(1),
    broken: broken && said(2),
    former: former.map((_, i) => said(3 + i)),
  };
}

/** Positions of a snapshot, ascending, parted where its shards are. */
function byShard(snapshot: Snapshot, positions: readonly number[]): number[][] {
  let start = 0;
  let done = 0;
  return shardsOf(snapshot).flatMap(({ examples }) => {
    const end = start + examples;
    const from = done;
    while (done < positions.length && (positions[done] as number) < end) done++;
    start = end;
    return done > from ? [positions.slice(from, done)] : [];
  });
}

/** Slices are of raw values; where a base reads those, they are read beside its features. */
async function sliceShard(
  ctx: RunData,
  snapshot: Snapshot,
  examples: Examples,
  positions: readonly number[],
): Promise<Int32Array[]> {
  if (ctx.base === null || slicedFeatures(ctx.spec).length === 0) return sliceIds(ctx.spec, examples);
  return sliceIds(ctx.spec, await readExamples(readingBase(ctx, null), snapshot, positions));
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

function describeWindow(
  { window: { id, fromMs, toMs }, kind }: HeldOut,
  { ids, slices }: AnsweredWindow,
  neighbours: Neighbours,
  places: readonly number[],
  contents: Int32Array | null,
): Described {
  return {
    id,
    kind,
    fromMs,
    toMs,
    exampleIds: ids,
    ...(neighbours.groups && { groups: pickIds(neighbours.groups, places) }),
    ...(contents && { contents }),
    inTimeOrder: true,
    features: slices,
  };
}
