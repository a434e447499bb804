/**
 * `training.augmentation`: by how much training examples may be changed before a model learns from them. What is not
 * named is not done. docs/augmentation.md says what each does, and where it comes from.
 */
import * as z from 'zod';
import type { InputKind } from './spec-bounds.ts';

const share = z.number().min(0).max(1);
const factor = z.number().min(0.25).max(4);

const ofPictures = {
  /** Degrees, to either side. */
  rotation: z.number().min(0).max(180),
  /** Least and largest enlargement; 1 is as it is. */
  scale: z
    .tuple([factor, factor])
    .refine(([least, largest]) => least <= largest, 'expected the smaller factor first'),
  /** Share of the height and of the width, to either side. */
  shift: share,
  /** Degrees by which upright lines lean, to either side. */
  shear: z.number().min(0).max(60),
  /** Least share of the sides that is cut out and enlarged to the whole; 1 is everything. */
  crop: z.number().min(0.1).max(1),
  /** How often left and right change places, and top and bottom: 0.5 is every other time. */
  horizontalFlip: share,
  verticalFlip: share,
  /** Share of the range 0 to 255, up or down. */
  brightness: share,
  /** Differences from the picture's mean grow or shrink by at most this share. */
  contrast: share,
  /** Largest standard deviation, as a share of the range 0 to 255. */
  noise: share,
  /** Share of the sides of a rectangle, anywhere, that is blotted out. */
  cutout: z.number().min(0).max(0.9),
  /** What comes in from outside: the picture's mirror image, or a value from 0 to 255. */
  fill: z.union([z.literal('reflect'), z.int().min(0).max(255)]),
} as const;

const ofRows = {
  /** Standard deviation, as a share of the feature's own among the training examples; numbers only. */
  noise: share,
  /** How often a feature is as if it were not known: a number at its mean, a category without its one. */
  featureDropout: z.number().min(0).max(0.9),
} as const;

/** As of rows; a share of the deviation of the number's channel, the last axis. */
const ofTensors = { noise: share } as const;

const BY_KIND: Readonly<Record<InputKind, { readonly ranges: object; readonly name: string }>> = {
  image: { ranges: ofPictures, name: 'images' },
  tabular: { ranges: ofRows, name: 'tabular examples' },
  tensor: { ranges: ofTensors, name: 'tensors' },
};

export const augmentationSchema = z.strictObject({
  /** With a base: augmented copies of every training example. Without one, every epoch augments anew. */
  copies: z.int().min(1).max(16).default(2),
  ...z.strictObject(ofPictures).partial().shape,
  ...z.strictObject(ofRows).partial().shape,
  /** Alpha of the Beta distribution by which two examples of a batch are mixed; 0 mixes none. */
  mixup: share.default(0),
});
export type Augmentation = z.infer<typeof augmentationSchema>;

type Ranges<Fields> = { readonly [Name in keyof Fields]: z.infer<Fields[Name]> };
export type PictureRanges = Ranges<typeof ofPictures>;
export type RowRanges = Ranges<typeof ofRows>;

/** The ranges of pictures; what the spec does not name leaves them as they are. */
export function pictureRanges(augmentation: Partial<Augmentation>): PictureRanges {
  return {
    rotation: augmentation.rotation ?? 0,
    scale: augmentation.scale ?? [1, 1],
    shift: augmentation.shift ?? 0,
    shear: augmentation.shear ?? 0,
    crop: augmentation.crop ?? 1,
    horizontalFlip: augmentation.horizontalFlip ?? 0,
    verticalFlip: augmentation.verticalFlip ?? 0,
    brightness: augmentation.brightness ?? 0,
    contrast: augmentation.contrast ?? 0,
    noise: augmentation.noise ?? 0,
    cutout: augmentation.cutout ?? 0,
    fill: augmentation.fill ?? 'reflect',
  };
}

/** The ranges of tabular examples, and of tensors, of which no feature is left out. */
export function rowRanges({ noise = 0, featureDropout = 0 }: Partial<Augmentation>): RowRanges {
  return { noise, featureDropout };
}

/** Whether examples are changed one by one: mixing two of them is another matter. */
export function changesExamples(augmentation: Augmentation, kind: InputKind): boolean {
  const ranges = kind === 'image' ? pictureRanges : rowRanges;
  const { fill } = augmentation;
  return JSON.stringify(ranges(augmentation)) !== JSON.stringify(ranges({ fill }));
}

/** What does not fit the input, or does nothing. */
export function augmentationProblems(
  augmentation: Augmentation,
  { input: { kind }, base }: { readonly input: { readonly kind: InputKind }; readonly base: string | null },
): { readonly path: readonly string[]; readonly message: string }[] {
  const known = new Set(['copies', 'mixup', ...Object.keys(BY_KIND[kind].ranges)]);
  const strange = Object.entries(augmentation).flatMap(([name, value]) =>
    known.has(name) || value === undefined ? [] : [name],
  );
  if (strange.length > 0) {
    const own = kind === 'tabular' ? 'tabular' : BY_KIND[kind].name;
    return strange.map((name) => ({
      path: [name],
      message: `expected nothing: it is for ${whoTakes(name)}, and this input is ${own}`,
    }));
  }
  if (kind !== 'image' && base !== null && changesExamples(augmentation, kind)) {
    return [{ path: [], message: 'expected mixup alone: of rows that a base has read there are no copies' }];
  }
  if (augmentation.mixup > 0 || changesExamples(augmentation, kind)) return [];
  return [{ path: [], message: 'expected a range that changes something; null augments nothing' }];
}

/** The first kind of input that a range is for. */
function whoTakes(name: string): string {
  return Object.values(BY_KIND).find(({ ranges }) => Object.hasOwn(ranges, name))?.name ?? 'another input';
}
