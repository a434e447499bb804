/**
 * What augmentation makes of some examples: originals, copies, and what was drawn for each. The same copies that a run
 * with this seed would learn from.
 */
import { type Augmentation, rowRanges } from '../../../shared/model/spec/augmentation.ts';
import { momentOf, widthOf } from '../../../shared/model/spec/feature.ts';
import { encodedSize, encodeInput } from '../../../shared/model/spec/input.ts';
import type { Feature, InputSpec } from '../../../shared/model/spec/spec.ts';
import type { Constants } from '../../../shared/registry/versions/manifest.ts';
import { copyRow, drawCopy } from '../copies.ts';
import { createPictureAugmenter } from '../picture-augmenter.ts';
import type { PictureDraw } from '../picture-draw.ts';
import { createRowAugmenter, measureFeatures } from '../row-augmenter.ts';

export interface PreviewExample {
  readonly id: string;
  /** null: a picture from a folder has none */
  readonly label: string | null;
  /** [rawSize] */
  readonly raw: Float32Array;
}

export interface PictureCopy {
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
  readonly draw: PictureDraw;
}

export interface PicturePreview {
  readonly id: string;
  readonly label: string | null;
  readonly original: Uint8Array;
  readonly copies: readonly PictureCopy[];
}

export interface PreviewSettings {
  readonly augmentation: Augmentation;
  readonly seed: number;
  readonly copies: number;
}

type ImageInput = Extract<InputSpec, { kind: 'image' }>;

/** @param kernels  `kernels.wasm`, compiled */
export function previewPictures(
  examples: readonly PreviewExample[],
  input: ImageInput,
  { augmentation, seed, copies }: PreviewSettings,
  kernels: WebAssembly.Module,
): PicturePreview[] {
  const augmenter = createPictureAugmenter(kernels, input, augmentation.fill ?? 'reflect');
  try {
    return examples.map(({ id, label, raw }) => ({
      id,
      label,
      original: Uint8Array.from(raw, Math.round),
      copies: numbersTo(copies).map((copy) => {
        const draw = drawCopy(augmentation, input, { seed, example: id, copy });
        return { pixels: augmenter.apply(raw, draw).slice(), draw };
      }),
    }));
  } finally {
    augmenter.release();
  }
}

/** A value as a person knows it; null where the feature was dropped. */
export type Cell = number | string | null;

export interface RowPreview {
  readonly id: string;
  readonly label: string | null;
  readonly original: readonly Cell[];
  readonly copies: readonly (readonly Cell[])[];
}

/**
 * @param examples   how far a feature varies among all of them is what noise is measured by
 * @param shown      how many of them are previewed
 * @param constants  what numbers are standardised by
 */
export function previewRows(
  examples: readonly PreviewExample[],
  shown: number,
  input: Extract<InputSpec, { kind: 'tabular' }>,
  constants: Constants | null,
  { augmentation, seed, copies }: PreviewSettings,
): RowPreview[] {
  const size = encodedSize(input);
  const encoded = new Float32Array(examples.length * size);
  for (const [i, { raw }] of examples.entries()) encodeInput(input, constants, raw, encoded, i * size);
  const augmenter = createRowAugmenter(
    input.features,
    rowRanges(augmentation),
    measureFeatures(input.features, encoded),
  );
  return examples.slice(0, shown).map(({ id, label, raw }, i) => {
    const before = encoded.subarray(i * size, (i + 1) * size);
    const decode = (row: Float32Array): Cell[] => decodeRow(input.features, constants, row, before, raw);
    const changed = numbersTo(copies).map((copy) => copyRow(augmenter, before, { seed, example: id, copy }));
    return { id, label, original: decode(before), copies: changed.map(decode) };
  });
}

/** Back from what the model sees; what did not change is shown as it came. */
function decodeRow(
  features: readonly Feature[],
  constants: Constants | null,
  row: Float32Array,
  before: Float32Array,
  raw: Float32Array,
): Cell[] {
  let at = 0;
  let numeric = 0;
  return features.map((feature, i) => {
    const start = at;
    at += widthOf(feature);
    if (feature.type === 'category') {
      const value = row.subarray(start, at).indexOf(1);
      return feature.values[value] ?? null;
    }
    // Nothing is drawn for a date but whether it is known.
    if (feature.type === 'date' || Number.isNaN(raw[i])) {
      numeric += 1;
      return row.subarray(start, at).some((value) => value !== 0) && !Number.isNaN(raw[i])
        ? new Date(momentOf(raw[i] as number)).toISOString()
        : null;
    }
    const mean = constants?.mean[numeric] ?? 0;
    const scale = constants?.scale[numeric] ?? 1;
    numeric += 1;
    if (row[start] === before[start]) return raw[i] as number;
    return row[start] === 0 ? null : mean + (row[start] as number) / scale;
  });
}

function numbersTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}
