/**
 * What a new model's input is taken for: a picture, rows of named numbers, or a tensor. Whoever asks says it, or a file of
 * its exporter, or the shape that the files read.
 */
import { sizeOf, type Shape } from '../../shared/model/plan/tensor.ts';
import { type InputKind, MAX_FEATURES, MAX_PIXELS } from '../../shared/model/spec/spec-bounds.ts';
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { PixelChoice } from './pixel-scaling.ts';

/** What is asked of a new model's input. */
export interface InputRequest {
  /** null: as the exporter's file or the shape says. */
  readonly kind: InputKind | null;
  /** Names of numbers in a row. */
  readonly features: readonly string[] | null;
  /** As an exporter's file has it. */
  readonly told: InputSpec | null;
}

/**
 * Three dimensions with 1 or 3 channels are a picture; one dimension, or numbers that are given names, a row; everything
 * else is a tensor, and so are more numbers than a row may have features.
 *
 * @param shape  that the files read, without the batch
 */
export function chooseKind({ kind, features, told }: InputRequest, shape: Shape): Result<InputKind, string> {
  const picture = isPicture(shape);
  if (kind === 'image' && !picture)
    return err(
      `expected a model of pictures, [height, width, 1 or 3], the files read [${shape.join(',')}]: --input tensor takes that`,
    );
  if (kind === 'tabular' && shape.length === 3)
    return err(`expected a model of rows, the files read [${shape.join(',')}]: --input tensor takes that`);
  if (features !== null && kind === 'tensor')
    return err('features are named in rows, and a tensor was asked for');
  if (kind !== null) return ok(kind);
  if (told !== null && features === null) return ok(told.kind);
  if (picture) return ok('image');
  const row = features !== null || (shape.length === 1 && sizeOf(shape) <= MAX_FEATURES);
  return ok(row ? 'tabular' : 'tensor');
}

/** Whether a shape can be that of a picture. */
export function isPicture(shape: Shape): boolean {
  const [height = 0, width = 0, channels] = shape;
  const fits = height <= MAX_PIXELS && width <= MAX_PIXELS && (channels === 1 || channels === 3);
  return shape.length === 3 && fits;
}

/** The input of a new spec. @param pixels  of a picture */
export function inputOf(
  kind: InputKind,
  { features, told }: InputRequest,
  pixels: PixelChoice | null,
  shape: Shape,
): object {
  if (kind === 'tensor') return { kind, shape: [...shape] };
  if (kind === 'image') {
    const [height, width, channels] = shape;
    const { scale, offset, resize } = pixels ?? {};
    const how = resize === undefined || resize === 'stretch' ? {} : { resize };
    return { kind, height, width, channels, scale, offset, ...how };
  }
  if (told?.kind === 'tabular' && features === null) return told;
  const names = features ?? Array.from({ length: sizeOf(shape) }, (_, i) => `x${i + 1}`);
  return { kind, features: names.map((name) => ({ name, type: 'number' })) };
}

/** What is asked of an input that it is not; null where all fits. */
export function misfitOfInput(
  kind: InputKind,
  { features, told }: InputRequest,
  asksOfPixels: boolean,
  toldSize: number | null,
  shape: Shape,
): string | null {
  const size = sizeOf(shape);
  if (told !== null && features === null && toldSize !== null && toldSize !== size)
    return `the export says that the model reads ${toldSize} numbers, the files read ${size}`;
  if (kind === 'image')
    return features === null ? null : 'the model reads images: expected no names of features';
  if (features !== null && features.length !== size)
    return `expected ${size} names of features, one a number that the model reads, got ${features.length}`;
  return asksOfPixels
    ? `the model reads ${kind === 'tensor' ? 'a tensor' : 'rows of numbers'}: scale, offset and resize are for images`
    : null;
}
