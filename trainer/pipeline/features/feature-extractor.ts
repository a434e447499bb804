/**
 * Extracts features with a base: here, one batch after the other, or wherever a host has room for several at once
 * (node/feature-threads.ts). The same batch gives the same bits on every backend.
 */
import { numbersOf, openInput, type OpenInput } from '../../../shared/events/stored-input.ts';
import { createEncoder, encodedSize, rawSize } from '../../../shared/model/spec/input.ts';
import { loadPlan } from '../../../shared/model/run/predictor.ts';
import type { Runtime } from '../../../shared/model/run/runtime.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import type { PictureDraw } from '../../augment/picture-draw.ts';
import { createPictureAugmenter, type PictureAugmenter } from '../../augment/picture-augmenter.ts';
import type { Stopwatch } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';
import type {
  ExampleBatch,
  ExtractedFeatures,
  ExtractionTask,
  FeatureBackend,
  FeatureExtractor,
  StoredRow,
} from '../../run/feature-backend.ts';

/** What a base is run and pictures are changed with. */
export interface ExtractionEngine {
  readonly runtime: Runtime;
  readonly kernels: WebAssembly.Module;
}

/** This thread: one batch after the other. */
export function localFeatureBackend(
  engine: ExtractionEngine & { readonly stopwatch: Stopwatch },
): FeatureBackend {
  return { concurrency: 1, open: (task) => openLocalExtractor(task, engine) };
}

function openLocalExtractor(
  task: ExtractionTask,
  engine: ExtractionEngine & { readonly stopwatch: Stopwatch },
): FeatureExtractor {
  let loaded: LoadedExtractor | undefined;
  // One at a time: a stopwatch that other batches run into would count them too.
  let turn: Promise<unknown> = Promise.resolve();
  const extract = async (batch: ExampleBatch): Promise<ExtractedFeatures> => {
    const rows = await openBatch(task.input, batch);
    let features: Float32Array<ArrayBuffer> | undefined;
    const computeMs = await engine.stopwatch(() => {
      loaded ??= loadExtractor(task, engine);
      features = loaded.extract(rows);
    });
    return { features: features as Float32Array<ArrayBuffer>, computeMs };
  };
  return {
    size: task.base.manifest.featureSize,
    extract(batch) {
      const extracted = turn.then(() => extract(batch));
      turn = extracted.catch(() => {});
      return extracted;
    },
    async close() {
      await turn;
      loaded?.close();
      loaded = undefined;
    },
  };
}

/** An example whose bytes are those that were stored. */
export type OpenRow = OpenInput & Pick<StoredRow, 'draw'>;

/** @throws RunFailure by the example that is missing, altered or of another size */
export function openBatch(input: InputSpec, batch: ExampleBatch): Promise<OpenRow[]> {
  const size = rawSize(input);
  return Promise.all(
    batch.map(async ({ id, input: stored, bytes, draw }) => {
      const opened = await openInput(stored, bytes, size);
      if (!opened.ok) throw new RunFailure(`example ${id}: ${opened.error}`);
      return draw === undefined ? opened.value : { ...opened.value, draw };
    }),
  );
}

/** A base that is loaded, in whichever thread. */
export interface LoadedExtractor {
  /** @returns [rows, features] */
  extract(rows: readonly OpenRow[]): Float32Array<ArrayBuffer>;
  close(): void;
}

/** Loads a base. */
export function loadExtractor(
  { input, base, fill = 'reflect' }: ExtractionTask,
  engine: ExtractionEngine,
): LoadedExtractor {
  const { manifest, plan, weights } = base;
  const program = loadPlan(engine.runtime, plan, weights);
  if (!program.ok) throw new RunFailure(`base ${manifest.digest}: ${program.error}`);
  const { inputSize } = program.value;
  if (inputSize !== encodedSize(input)) {
    program.value.dispose();
    throw new RunFailure(
      `base ${manifest.digest} reads ${inputSize} numbers, the spec's input has ${encodedSize(input)}`,
    );
  }
  const encode = createEncoder(input, null);
  let augmenter: PictureAugmenter | undefined;
  const change = (pixels: ArrayLike<number>, draw: PictureDraw): Uint8Array => {
    if (input.kind !== 'image') throw new Error('expected a picture to change');
    augmenter ??= createPictureAugmenter(engine.kernels, input, fill);
    return augmenter.apply(pixels, draw);
  };
  // One for all: a picture's numbers are a megabyte, and new memory costs more than to fill it.
  const raw = new Float32Array(rawSize(input));
  return {
    extract: (rows) =>
      program.value.runWritten(rows.length, (i, out) => {
        const row = rows[i] as OpenRow;
        const numbers = row.type === 'u8' ? row.bytes : numbersOf(row);
        raw.set(row.draw === undefined ? numbers : change(numbers, row.draw));
        encode(raw, out, 0);
      }),
    close() {
      program.value.dispose();
      augmenter?.release();
    },
  };
}
