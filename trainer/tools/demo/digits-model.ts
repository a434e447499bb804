/**
 * The demo model `digits`, made on the first start: a base, a labelled history, a first version. Every step can be
 * repeated, so a start that was interrupted is completed by the next one.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomHex, sha256Hex } from '../../../shared/digest.ts';
import { createModel, loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { type Spec, specSchema } from '../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../shared/random.ts';
import { loadChampion } from '../../../shared/registry/champion/alias.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { ok } from '../../../shared/result.ts';
import type { Local } from '../local/local.ts';
import { listRuns, startRun, watchRun } from '../local/operators.ts';
import { importBase } from '../../model-import/base-import.ts';
import { importExamples } from '../../data-import/import-examples.ts';
import type { ExampleSource } from '../../data-import/readers/example-source.ts';
import { buildDigitBase } from './base.ts';
import { DIGIT_LABELS, DIGIT_SIZE, drawBatch, OFFICE } from './digits.ts';

export const DIGITS = 'digits';

const BASE_SEED = 1;
const HISTORY_SEED = 2;
/** Three windows. A gate that tolerates a loss of one point needs some hundred held-out digits in each. */
const HISTORY = 4_500;
const WINDOWS = 3;
const DAY_MS = 24 * 3_600_000;
/** The history lies evenly over three weeks, up to last midnight: repeating the import on one day writes the same. */
const HISTORY_MS = 21 * DAY_MS;

/** Told what is going on: a sentence, and how far it is, 0 to 1. */
export type OnProgress = (text: string, fraction: number) => void;

/**
 * Makes the model unless it is there with a champion. Throws an Error that says what went wrong: there is nothing that
 * a person could have got wrong here.
 *
 * @param scratch  a folder for the base's files
 * @returns the first run, where there was something to do
 */
export async function ensureDigitsModel(
  local: Local,
  scratch: string,
  onProgress: OnProgress,
): Promise<RunRecord | null> {
  const { store, operators } = local;
  const champion = await loadChampion(store, DIGITS);
  if (!champion.ok) throw new Error(champion.error.detail);
  if (champion.value !== null) return null;

  await ensureSpec(store, scratch, onProgress);
  await importHistory(store, onProgress);
  const open = (await listRuns(operators, DIGITS)).find(({ status }) => status === 'running');
  const id = open?.id ?? (await startRun(operators, DIGITS, 'first start'));
  const run = await watchRun(operators, DIGITS, id, (step, fraction) =>
    onProgress(`training version 1: ${step}`, fraction),
  );
  if (run.promoted) return run;
  throw new Error(`the first version of ${DIGITS} was not promoted: ${run.summary ?? run.status}`);
}

async function ensureSpec(store: ObjectStore, scratch: string, onProgress: OnProgress): Promise<void> {
  const present = await loadSpec(store, DIGITS);
  if (present.ok) return;
  if (present.error.kind !== 'unknown-model') throw new Error(present.error.detail);
  onProgress('learning a base from strokes', 0);
  const folder = path.join(scratch, 'digit-base');
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(buildDigitBase(BASE_SEED))) {
    await writeFile(path.join(folder, name), bytes);
  }
  onProgress('importing the base', 0.5);
  const base = await importBase({ store, source: folder, output: null, pooling: 'none', now: new Date() });
  if (!base.ok) throw new Error(base.error);
  await createModel(store, digitsSpec(base.value.manifest.digest));
  onProgress('importing the base', 1);
}

function digitsSpec(base: string): Spec {
  return specSchema.parse({
    format: 'holdfast-spec/1',
    name: DIGITS,
    description: 'Handwritten digits, drawn from strokes: the demo model.',
    task: 'classification',
    input: { kind: 'image', height: DIGIT_SIZE, width: DIGIT_SIZE, channels: 1 },
    labels: DIGIT_LABELS,
    base,
    head: [{ units: 64, activation: 'relu' }],
    training: { epochs: 15, batchSize: 64, learningRate: 0.002 },
    window: { examples: HISTORY / WINDOWS },
    holdout: { fraction: 0.3 },
    salt: randomHex(32),
  });
}

/** What the office wrote and somebody typed in, as an import like any other: repeating it changes nothing. */
async function importHistory(store: ObjectStore, onProgress: OnProgress): Promise<void> {
  const found = await loadSpec(store, DIGITS);
  if (!found.ok) throw new Error(found.error.detail);
  const imported = await importExamples({
    store,
    model: DIGITS,
    task: 'classification',
    salt: found.value.spec.salt,
    source: drawnHistory(new Date()),
    options: {},
    skip: 0,
    limit: HISTORY,
    dryRun: false,
    now: new Date(),
    onProgress: ({ fraction }) => onProgress(`drawing and importing ${HISTORY} labelled digits`, fraction),
  });
  if (!imported.ok) throw new Error(imported.error);
}

function drawnHistory(now: Date): ExampleSource {
  const midnightMs = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const timeOf = (row: number): number => midnightMs - Math.ceil((HISTORY - row) * (HISTORY_MS / HISTORY));
  let drawn = 0;
  return {
    name: 'drawn by the demo',
    digest: sha256Hex(`digits ${HISTORY_SEED} ${HISTORY}`),
    maxRows: HISTORY,
    fraction: () => drawn / HISTORY,
    async *rows() {
      const random = createRandom(HISTORY_SEED);
      const batch = 100;
      for (drawn = 0; drawn < HISTORY; drawn += batch) {
        const { images, digits } = drawBatch(batch, OFFICE, random);
        for (const [i, image] of images.entries()) {
          const row = drawn + i;
          yield ok({ row, raw: Float32Array.from(image), label: digits[i] as number, at: timeOf(row) });
        }
      }
    },
  };
}
