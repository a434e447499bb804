/**
 * What both readers of a spec go by: the whole one (spec.ts) and the one that serves (serving-spec.ts).
 */

export const SPEC_FORMAT = 'holdfast-spec/1';

export const MAX_FEATURES = 4_096;
/** Of a category. */
export const MAX_VALUES = 1_000;
/** Of training examples, below which a value counts as rare. */
export const MAX_RARE = 1_000_000;
export const MIN_LABELS = 2;
export const MAX_LABELS = 10_000;
/** Of an image's side. */
export const MAX_PIXELS = 1_024;

/** Of a tensor. */
export const MAX_DIMENSIONS = 6;
/** Of an example that is a tensor: 4 MB. */
export const MAX_NUMBERS = 1_048_576;

/** How an image file of another size becomes height x width (docs/images.md). */
export const RESIZES = ['stretch', 'cover', 'contain'] as const;
export type Resize = (typeof RESIZES)[number];

/** What a spec that does not say it means. */
export const PIXEL_DEFAULTS = { scale: 1 / 255, offset: 0 } as const;
export const LOGGING_DEFAULTS = { rate: 1 } as const;

/** What a model can see of a date (docs/data.md). */
export const DATE_PARTS = ['hour', 'weekday', 'month', 'age'] as const;
export type DatePart = (typeof DATE_PARTS)[number];
export const DATE_ORDERS = ['dmy', 'mdy'] as const;
/** Decimal marks of numbers that are texts. */
export const DECIMALS = ['.', ','] as const;

/** What an example is: a row of a table, a picture, or numbers of another shape. */
export const INPUT_KINDS = ['tabular', 'image', 'tensor'] as const;
export type InputKind = (typeof INPUT_KINDS)[number];
