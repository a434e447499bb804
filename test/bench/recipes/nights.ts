/**
 * One recipe over the nights of a stream: the split, the training, the edge plans and the gate are the pipeline's own,
 * on examples in memory.
 */
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { flipsAlone } from '../../../shared/continuity/flips-alone.ts';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { accuracy } from '../../../shared/continuity/policy/metrics.ts';
import { floatBytes } from '../../../shared/bytes.ts';
import { seedFrom, sha256Hex } from '../../../shared/digest.ts';
import { assignSide } from '../../../trainer/pipeline/data/holdout.ts';
import type { DenseLayer } from '../../../trainer/model/head.ts';
import { fitConstants } from '../../../shared/model/spec/input.ts';
import type { Runtime } from '../../../shared/model/run/runtime.ts';
import type { Program } from '../../../shared/model/run/program.ts';
import { createFeatureReader, type FeatureReader } from '../../../shared/model/run/predictor.ts';
import type { ClassificationSpec } from '../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../shared/random.ts';
import type { Constants } from '../../../shared/registry/versions/manifest.ts';
import { argmaxRows, openProgram } from '../../../trainer/pipeline/features/judged-model.ts';
import { encodeHead } from '../../../trainer/run/candidate-files.ts';
import { initialHead } from '../../../trainer/model/head-layers.ts';
import { priorityOf } from '../../../trainer/pipeline/data/replay.ts';
import { type Assigned, drawSplit, type Split } from '../../../trainer/pipeline/data/split.ts';
import { strengthen, teach } from '../../../trainer/training/distillation.ts';
import { trainHead } from '../../../trainer/training/train-head.ts';
import { poolWindows } from '../../../trainer/training/validation.ts';
import type { Row, Stream } from './streams.ts';

export interface NightResult {
  /** The champion's held-out accuracy on what came in: what users had, before the night learned from it. */
  readonly served: number;
  /** The candidate's on the same. */
  readonly current: number;
  /** Over the windows before: the mean, and the greatest loss against the champion. */
  readonly pastMean: number;
  readonly pastWorst: number;
  /** Share of all held-out examples on which the champion was right and the candidate is wrong. */
  readonly flips: number;
  readonly verdict: string;
  readonly epochs: number;
}

/** A head with the preprocessing it was trained behind. */
interface Head {
  readonly layers: readonly DenseLayer[];
  readonly constants: Constants | null;
  readonly program: Program;
  readonly reader: FeatureReader;
}

export interface Bench {
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
}

/** Examples a window of the history. */
const WINDOW = 2_000;
/** As in fine-tune.ts. */
const LEAST_WATCHED = 50;

/**
 * @param gateDecides  whether a candidate that the gate does not let through leaves the champion alone, as it is in
 *   earnest: what came in then waits, and the next night has both
 * @param onFlipsAlone  told of every candidate that was refused for its flips alone, before the night ends
 * @returns one result a night; the first champion's is not among them
 */
export async function runNights(
  stream: Stream,
  spec: ClassificationSpec,
  bench: Bench,
  gateDecides: boolean,
  onFlipsAlone?: (windows: Windows, champion: Head, first: NightResult) => Promise<void>,
): Promise<NightResult[]> {
  const [history = [], ...nights] = stream.nights;
  let closed: (readonly Row[])[] = Array.from({ length: Math.ceil(history.length / WINDOW) }, (_, i) =>
    history.slice(i * WINDOW, (i + 1) * WINDOW),
  );
  let waiting: readonly Row[] = [];
  let champion = (await trainCandidate(closed, spec, null, bench)).head;
  const results: NightResult[] = [];
  for (const night of nights) {
    const windows = [...closed, [...waiting, ...night]];
    const { head, split, epochs } = await trainCandidate(windows, spec, champion, bench);
    const evidence = makeEvidence(windows, split, spec, champion, head);
    const judged = decideGate(evidence, spec.gate);
    const { verdict } = judged;
    const result = { ...summarise(evidence), verdict, epochs };
    results.push(result);
    if (flipsAlone(judged).length > 0) await onFlipsAlone?.(windows, champion, result);
    const promoted = verdict === 'promote' || !gateDecides;
    closed = promoted ? windows : closed;
    waiting = promoted ? [] : (windows.at(-1) as readonly Row[]);
    (promoted ? champion : head).program.dispose();
    champion = promoted ? head : champion;
  }
  champion.program.dispose();
  return results;
}

export interface RetriedNight {
  readonly first: NightResult;
  /** the second candidates, in the order of the strengths */
  readonly again: readonly NightResult[];
}

/**
 * The nights as in earnest, without retries; what is refused for its flips alone is trained again beside them, once for
 * each strength, and judged as the second look at the same windows.
 */
export async function runRetries(
  stream: Stream,
  spec: ClassificationSpec,
  bench: Bench,
  strengths: readonly number[],
): Promise<{ readonly nights: number; readonly retried: readonly RetriedNight[] }> {
  const retried: RetriedNight[] = [];
  const retry = async (windows: Windows, champion: Head, first: NightResult): Promise<void> => {
    const again: NightResult[] = [];
    for (const strength of strengths) {
      const training = strengthen({ ...spec.training, retry: { flips: true, strength } }) ?? spec.training;
      const { head, split, epochs } = await trainCandidate(windows, { ...spec, training }, champion, bench);
      const evidence = makeEvidence(windows, split, spec, champion, head);
      const worn = { ...evidence, windows: evidence.windows.map((window) => ({ ...window, decisions: 1 })) };
      again.push({ ...summarise(evidence), verdict: decideGate(worn, spec.gate).verdict, epochs });
      head.program.dispose();
    }
    retried.push({ first, again });
  };
  const results = await runNights(stream, spec, bench, true, retry);
  return { nights: results.length, retried };
}

type Windows = readonly (readonly Row[])[];

async function trainCandidate(
  windows: readonly (readonly Row[])[],
  spec: ClassificationSpec,
  champion: Head | null,
  { kernels, runtime }: Bench,
): Promise<{ readonly head: Head; readonly split: Split; readonly epochs: number }> {
  const rows = windows.flat();
  const seed = seedFrom(spec.training.seed, windows.length);
  const split = drawSplit({ windows: [] }, assign(windows, spec), spec, seed);
  const pick = (positions: readonly number[]): Row[] => positions.map((at) => rows[at] as Row);
  const start = spec.training.start === 'champion' ? champion : null;
  const learnt = pick(split.train);
  const constants =
    start?.constants ??
    fitConstants(
      spec.input,
      learnt.map(({ values }) => values),
    );
  const reader = createFeatureReader(spec.input, constants, null);
  const labels = Int32Array.from(learnt, ({ label }) => label);
  const { distillation } = spec.training;
  const teacher =
    champion && distillation.kind !== 'none'
      ? teach(kernels, ask(champion, learnt), labels, distillation, spec.task)
      : null;
  const watched = watchedWindows(windows, split.validation).map(({ id, past, positions }) => {
    const seen = pick(positions);
    return {
      id,
      past,
      set: { features: read(reader, seen), labels: Int32Array.from(seen, ({ label }) => label) },
    };
  });
  const trained = await trainHead(
    { train: { features: read(reader, learnt), labels, ...(teacher ? { teacher } : {}) }, watched },
    start?.layers ?? initialHead(spec, reader.size, createRandom(seed)),
    {
      training: spec.training,
      task: spec.task,
      seed,
      dropout: spec.head.map(({ dropout }) => dropout),
      fromChampion: start !== null,
      kernels,
    },
  );
  const program = openProgram(runtime, encodeHead(trained.layers));
  return {
    head: { layers: trained.layers, constants, program, reader },
    split,
    epochs: trained.course.epochs.length,
  };
}

function assign(
  windows: readonly (readonly Row[])[],
  { salt, holdout, training }: ClassificationSpec,
): Assigned {
  const fractions = { holdout: holdout.fraction, validation: training.validation };
  const contents = windows.flat().map(({ values }) => sha256Hex(floatBytes(values)));
  const priorities = contents.map((content) => priorityOf(salt, content));
  let at = 0;
  const sides = windows.map((window) =>
    window.map(() => assignSide(salt, `input:${contents[at++] as string}`, fractions)),
  );
  return { sides, labels: windows.flat().map(({ label }) => label), priorities, ranks: priorities };
}

function watchedWindows(windows: readonly (readonly Row[])[], validation: readonly number[]) {
  let end = 0;
  const parts = windows.map(({ length }, i) => {
    const from = end;
    end += length;
    const to = end;
    return {
      id: `w${i + 1}`,
      past: i < windows.length - 1,
      positions: validation.filter((position) => position >= from && position < to),
    };
  });
  return poolWindows(parts, LEAST_WATCHED);
}

function read(reader: FeatureReader, rows: readonly Row[]): Float32Array {
  return reader.read(rows.map(({ values }) => values));
}

function ask({ program, reader }: Head, rows: readonly Row[]): Float32Array {
  return Float32Array.from(program.run(read(reader, rows), rows.length));
}

function makeEvidence(
  windows: readonly (readonly Row[])[],
  split: Split,
  spec: ClassificationSpec,
  champion: Head,
  candidate: Head,
): Evidence {
  const rows = windows.flat();
  const judged = split.holdout.map((positions, i): WindowEvidence => {
    const held = positions.map((at) => rows[at] as Row);
    const [theirs, ours] = [ask(champion, held), ask(candidate, held)];
    const kind = i < windows.length - 1 ? 'past' : 'current';
    return {
      id: `w${i + 1}`,
      kind,
      fromMs: i * WINDOW,
      toMs: (i + 1) * WINDOW,
      exampleIds: positions.map(String),
      labels: Int32Array.from(held, ({ label }) => label),
      candidate: argmaxRows(ours, held.length),
      champion: argmaxRows(theirs, held.length),
      candidateProbabilities: ours,
      championProbabilities: theirs,
    };
  });
  return {
    classes: spec.labels,
    windows: judged,
    majority: split.constant,
    champion: { version: 1, digest: 'champion' },
    candidate: {
      digest: 'candidate',
      finite: true,
      reproduces: true,
      exportAgrees: true,
      exportDifference: 0,
      trainedOn: split.train.length,
    },
  };
}

function summarise({ windows }: Evidence): Omit<NightResult, 'verdict' | 'epochs'> {
  const past = windows.filter(({ kind }) => kind === 'past');
  const current = windows.at(-1) as WindowEvidence;
  const accuracies = past.map(({ labels, candidate }) => accuracy(labels, candidate));
  const changes = past.map(
    ({ labels, champion }, i) => (accuracies[i] as number) - accuracy(labels, champion ?? labels),
  );
  return {
    served: accuracy(current.labels, current.champion ?? current.labels),
    current: accuracy(current.labels, current.candidate),
    pastMean: mean(accuracies),
    pastWorst: Math.min(...changes),
    flips: negativeFlips(windows),
  };
}

function negativeFlips(windows: readonly WindowEvidence[]): number {
  let flips = 0;
  let n = 0;
  for (const { labels, champion, candidate } of windows) {
    n += labels.length;
    for (const [i, label] of labels.entries()) {
      if (champion?.[i] === label && candidate[i] !== label) flips++;
    }
  }
  return flips / n;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
