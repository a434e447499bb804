/**
 * Labels that are kept apart, measured on real streams: a night's labels are damaged, and the production check says
 * whether it believes them. Labels alone are replayed: what serves is a small head, trained anew every night on the newest
 * rows that were believed; no gate, no store.
 */
import { sha256Hex, seedFrom } from '../../../shared/digest.ts';
import { floatBytes } from '../../../shared/bytes.ts';
import {
  knownClasses,
  NEW_LEDGER,
  noteLabels,
  usualAgreement,
  usualError,
} from '../../../shared/continuity/referee/ledger.ts';
import { createFeatureReader, type FeatureReader } from '../../../shared/model/run/predictor.ts';
import type { Program } from '../../../shared/model/run/program.ts';
import { createRuntime, type Runtime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { fitConstants } from '../../../shared/model/spec/input.ts';
import { type Spec, specSchema } from '../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../shared/random.ts';
import type { Quarantine } from '../../../shared/registry/quarantine.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { type Belief, decideLabels } from '../../../trainer/labels/decide.ts';
import { agreementOf, type Night, type Usual } from '../../../trainer/labels/look.ts';
import { encodeHead } from '../../../trainer/run/candidate-files.ts';
import { initialHead } from '../../../trainer/model/head-layers.ts';
import { argmaxRows, openProgram } from '../../../trainer/pipeline/features/judged-model.ts';
import { trainHead } from '../../../trainer/training/train-head.ts';
import { cutNights, type Row, type Stream } from '../continuity/streams/stream.ts';
import { loadStream } from '../continuity/streams/streams.ts';
import { type Measured, percent, rowOf, tableOf } from './table.ts';

const NIGHTS = 18;
const FAULT_EVERY = 6;
/** Of the newest rows: a head trains in a tenth of a second on so many. */
const LEARNED_ROWS = 2_000;
const STREAM_ROWS = 10_000;
const FORMER = 3;
const SEEDS = 10;
const FULL_NIGHTS = 2_000;

const FAULTS = {
  rotated: (labels: readonly number[], { classes }: Told) => labels.map((label) => (label + 1) % classes),
  shuffled: (labels: readonly number[], { seed }: Told) => shuffle(labels, seed),
  'by one row': (labels: readonly number[]) =>
    labels.map((_, i) => labels[(i + 1) % labels.length] as number),
  'in hundredths': (labels: readonly number[]) => labels.map((label) => 100 * label),
  'other sign': (labels: readonly number[]) => labels.map((label) => -label),
} as const;
type Fault = keyof typeof FAULTS;

interface Told {
  readonly classes: number;
  readonly seed: number;
}

/** Where drift is relabelling, no night can tell a fault from it: told apart. */
const APART: readonly string[] = ['usenet1', 'usenet2', 'rbf'];
const CLASSES = [
  'elec2',
  'rialto',
  'covertype',
  'outdoor',
  'luxembourg',
  'insects',
  'nomao',
  ...APART,
] as const;
const NUMBERS = ['bike', 'taxi'] as const;

interface Piece {
  readonly stream: string;
  readonly fault: Fault;
}

const PIECES: readonly Piece[] = [
  ...(['rotated', 'shuffled', 'by one row'] as const).flatMap((fault) =>
    CLASSES.map((stream) => ({ stream, fault })),
  ),
  ...(['in hundredths', 'other sign', 'shuffled'] as const).flatMap((fault) =>
    NUMBERS.map((stream) => ({ stream, fault })),
  ),
];

export const QUARANTINE_PARTS = PIECES.length;

/** Nights of one stream under one fault, over all seeds. */
export interface QuarantineCount extends Piece {
  readonly faults: number;
  readonly faultsKept: number;
  readonly clean: number;
  readonly cleanKept: number;
  /** share of its labels that a damaged night left as they were */
  readonly intact: number;
}

export async function countQuarantines(part: number, nights: number): Promise<QuarantineCount> {
  const piece = PIECES[part] as Piece;
  const seeds = Math.max(1, Math.round((SEEDS * nights) / FULL_NIGHTS));
  const stream = await loadStream(piece.stream, STREAM_ROWS, 1);
  if (!stream.ok) throw new Error(stream.error);
  const world = { kernels: await loadKernelModule(), runtime: createRuntime(await loadWasmModule()) };
  const total = { faults: 0, faultsKept: 0, clean: 0, cleanKept: 0, intact: 0 };
  for (let seed = 1; seed <= seeds; seed++) await liveThrough(stream.value, piece.fault, seed, world, total);
  return { ...piece, ...total, intact: total.intact / Math.max(1, total.faults) };
}

interface World {
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
}

type Total = { -readonly [K in 'faults' | 'faultsKept' | 'clean' | 'cleanKept' | 'intact']: number };

interface Head {
  readonly number: number;
  readonly program: Program;
  readonly reader: FeatureReader;
  /** of numbers: what targets were standardised by */
  readonly centre: number;
  readonly scale: number;
}

async function liveThrough(
  stream: Stream,
  fault: Fault,
  seed: number,
  world: World,
  total: Total,
): Promise<void> {
  const spec = specOf(stream);
  const cut = cutNights(stream.rows.length, NIGHTS);
  if (!cut.ok) throw new Error(cut.error);
  const { history, blocks } = cut.value;
  let believed = stream.rows.slice(history.from, history.to);
  const promised = await promise(spec, believed, seed, world);
  let heads = [await trainOn(spec, believed, 1, seed, world)];
  let ledger = NEW_LEDGER;
  let quarantines: Quarantine[] = [];
  for (const [i, block] of blocks.entries()) {
    const clean = stream.rows.slice(block.from, block.to);
    const isFault = (i + seed) % FAULT_EVERY === 3;
    const rows = isFault ? damage(spec, clean, fault, seedFrom(fault, seed, i)) : clean;
    const [champion, ...former] = heads as [Head, ...Head[]];
    const belief = await look(spec, rows, heads, {
      champion: champion.number,
      former: former.map(({ number }) => number),
      usual: {
        agreement: usualAgreement(ledger) ?? promised.agreement,
        error: usualError(ledger) ?? promised.error,
        known: knownClasses(ledger),
      },
      quarantines,
      checkedToMs: i,
    });
    count(total, isFault, belief.keepApart, clean, rows);
    quarantines = [...quarantines, ...(belief.keepApart ? [quarantineOf(i, belief)] : [])];
    if (belief.keepApart) continue;
    ledger = noteLabels(ledger, i, agreementOf(belief.look), belief.repeats.length > 0);
    // What is damaged and believed is not learned from: the next nights are to be judged by themselves.
    if (isFault) continue;
    believed = [...believed, ...rows].slice(-LEARNED_ROWS);
    // Sorted by class, as nomao nearly is: nothing to learn, and what serves goes on.
    if (new Set(believed.map(({ label }) => label)).size < 2) continue;
    const next = await trainOn(spec, believed, champion.number + 1, seed, world);
    for (const { program } of heads.slice(FORMER)) program.dispose();
    heads = [next, ...heads.slice(0, FORMER)];
  }
  for (const { program } of heads) program.dispose();
}

/** What a first version is right on where it was judged: every fifth row of the history, which it did not learn from. */
async function promise(spec: Spec, history: readonly Row[], seed: number, world: World): Promise<Usual> {
  const learned = history.filter((_, i) => i % 5 !== 0);
  const held = history.filter((_, i) => i % 5 === 0);
  if (new Set(learned.map(({ label }) => label)).size < 2)
    return { agreement: null, error: null, known: null };
  const head = await trainOn(spec, learned, 0, seed, world);
  const said = ask(spec, head, held);
  head.program.dispose();
  const isNumber = spec.task === 'regression';
  return {
    agreement: isNumber ? null : mean(held.map(({ label }, i) => (label === said[i] ? 1 : 0))),
    error: isNumber ? mean(held.map(({ label }, i) => Math.abs(label - (said[i] as number)))) : null,
    known: null,
  };
}

function look(
  spec: Spec,
  rows: readonly Row[],
  heads: readonly Head[],
  standing: Parameters<typeof decideLabels>[2],
) {
  const ids = new Map<string, number>();
  const contents = rows.map(({ raw }) => {
    const name = sha256Hex(floatBytes(raw));
    if (!ids.has(name)) ids.set(name, ids.size);
    return ids.get(name) as number;
  });
  const seen: Night = {
    labels: Float64Array.from(rows, ({ label }) => label),
    groups: null,
    contents: Int32Array.from(contents),
    answers: new Map(heads.map((head) => [head.number, ask(spec, head, rows)])),
  };
  return decideLabels(spec, seen, standing, async (positions) => {
    const { reader } = heads[0] as Head;
    return { values: reader.read(positions.map((i) => (rows[i] as Row).raw)), size: reader.size };
  });
}

function count(
  total: Total,
  isFault: boolean,
  kept: boolean,
  clean: readonly Row[],
  rows: readonly Row[],
): void {
  if (!isFault) {
    total.clean++;
    if (kept) total.cleanKept++;
    return;
  }
  total.faults++;
  if (kept) total.faultsKept++;
  total.intact += clean.filter(({ label }, i) => label === rows[i]?.label).length / clean.length;
}

function quarantineOf(night: number, { look }: Belief): Quarantine {
  return {
    format: 'holdfast-quarantine/1',
    fromMs: night,
    toMs: night + 1,
    status: 'held',
    kind: look.kind ?? 'renamed',
    run: String(night),
    at: new Date(0).toISOString(),
    reason: '',
    examples: look.n,
    agreement: look.agreement,
    usual: 0,
    renamings: [...look.renamings],
    scale: look.scale,
    sample: [],
    ended: null,
    former: [],
  };
}

function specOf({ task, input, name }: Stream): Spec {
  return specSchema.parse({
    format: 'holdfast-spec/1',
    name,
    ...task,
    input,
    head: [{ units: 32, activation: 'relu' }],
    training: { epochs: 16, learningRate: 0.01 },
    salt: 'ab'.repeat(32),
  });
}

async function trainOn(
  spec: Spec,
  rows: readonly Row[],
  number: number,
  seed: number,
  world: World,
): Promise<Head> {
  const constants = fitConstants(
    spec.input,
    rows.map(({ raw }) => raw),
  );
  const reader = createFeatureReader(spec.input, constants, null);
  const targets = rows.map(({ label }) => label);
  const isNumber = spec.task === 'regression';
  const centre = isNumber ? mean(targets) : 0;
  const scale = isNumber ? Math.sqrt(mean(targets.map((y) => (y - centre) ** 2))) || 1 : 1;
  const labels = isNumber
    ? Float32Array.from(targets, (y) => (y - centre) / scale)
    : Int32Array.from(targets);
  const drawn = seedFrom('quarantine', seed, number);
  const trained = await trainHead(
    { train: { features: reader.read(rows.map(({ raw }) => raw)), labels }, watched: [] },
    initialHead(spec, reader.size, createRandom(drawn)),
    {
      training: spec.training,
      task: spec.task,
      seed: drawn,
      dropout: spec.head.map(({ dropout }) => dropout),
      fromChampion: false,
      kernels: world.kernels,
    },
  );
  return { number, program: openProgram(world.runtime, encodeHead(trained.layers)), reader, centre, scale };
}

function ask({ task }: Spec, { program, reader, centre, scale }: Head, rows: readonly Row[]): Float64Array {
  const said = program.run(reader.read(rows.map(({ raw }) => raw)), rows.length);
  return task === 'regression'
    ? Float64Array.from(said, (value) => centre + scale * value)
    : Float64Array.from(argmaxRows(said, rows.length));
}

function damage(spec: Spec, rows: readonly Row[], fault: Fault, seed: number): Row[] {
  const classes = spec.task === 'classification' ? spec.labels.length : 1;
  const labels = FAULTS[fault](
    rows.map(({ label }) => label),
    { classes, seed },
  );
  return rows.map(({ raw }, i) => ({ raw, label: labels[i] as number }));
}

function shuffle(labels: readonly number[], seed: number): number[] {
  const random = createRandom(seed);
  const all = [...labels];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j] as number, all[i] as number];
  }
  return all;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Nine of ten rotated nights, and one of a hundred clean ones, pooled over streams; the others are told. */
export function summarizeQuarantines(counts: readonly QuarantineCount[]): Measured {
  const pooled = (chosen: readonly QuarantineCount[]) => {
    const sum = (key: 'faults' | 'faultsKept' | 'clean' | 'cleanKept'): number =>
      chosen.reduce((all, each) => all + each[key], 0);
    return {
      kept: (100 * sum('faultsKept')) / Math.max(1, sum('faults')),
      accused: (100 * sum('cleanKept')) / Math.max(1, sum('clean')),
    };
  };
  const told = counts.filter(({ stream }) => !APART.includes(stream));
  const faults = [...new Set(counts.map(({ fault }) => fault))];
  const isNumber = ({ stream }: QuarantineCount): boolean => (NUMBERS as readonly string[]).includes(stream);
  const rows = faults.flatMap((fault) =>
    [false, true].flatMap((number) => {
      const chosen = told.filter((each) => each.fault === fault && isNumber(each) === number);
      if (chosen.length === 0) return [];
      const name = `quarantine, ${number ? 'targets' : 'labels'} ${fault}`;
      const wanted = fault === 'rotated' || fault === 'in hundredths' ? { atLeast: 90 } : {};
      return [rowOf(`${name}: kept apart`, '% of damaged nights', pooled(chosen).kept, wanted)];
    }),
  );
  const accused = rowOf('quarantine: clean nights kept apart', '% of clean nights', pooled(told).accused, {
    atMost: 1,
  });
  const table = tableOf(
    'Labels that are kept apart, % of nights; in brackets how many',
    ['stream', 'fault', 'damaged', 'clean', 'labels that the fault left as they were'],
    counts.map(({ stream, fault, faults: n, faultsKept, clean, cleanKept, intact }) => [
      APART.includes(stream) ? `${stream} (drift is relabelling)` : stream,
      fault,
      `${percent(faultsKept / Math.max(1, n))} (${faultsKept} of ${n})`,
      `${percent(cleanKept / Math.max(1, clean))} (${cleanKept} of ${clean})`,
      percent(intact),
    ]),
  );
  return { rows: [...rows, accused], tables: [table] };
}
