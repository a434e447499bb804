/**
 * The recipe: how a candidate is trained. Every option, the paper it comes from and why its default is what it is:
 * docs/training.md.
 */
import * as z from 'zod';
import { augmentationSchema } from './augmentation.ts';

/** Shares of a falling rate. */
const factor = z.number().gt(0).lt(1).default(0.5);

const replaySchema = z.strictObject({
  /**
   * Which past examples are trained on again. `uniform`: a fresh sample each run. `reservoir`: a sample that changes as
   * little as it can from run to run. `class-balanced`: as many of each label. `by-window`: as many of each window.
   */
  strategy: z.enum(['uniform', 'reservoir', 'class-balanced', 'by-window']).default('uniform'),
  /** Share of `maxExamples` that the past may claim however many new examples there are. */
  share: z.number().min(0).lt(1).default(0.5),
});

const distillationSchema = z.strictObject({
  /** `plain`: all examples alike. `focal`: heavier where the champion is right. */
  kind: z.enum(['none', 'plain', 'focal']).default('focal'),
  /** What agreeing with the champion counts beside the labels. */
  weight: z.number().gt(0).max(100).default(0.5),
  /** Softens both answers; classification only. */
  temperature: z.number().min(0.1).max(100).default(1),
  /** Focal: an example counts `base`, and `right` more where the champion is right. */
  base: z.number().min(0).max(100).default(0),
  right: z.number().min(0).max(100).default(1),
});

const retrySchema = z.strictObject({
  /** Whether a candidate that is refused for its flips alone is trained once more, closer to the champion. */
  flips: z.boolean().default(true),
  /** How many times `distillation.weight` the second training goes by. */
  strength: z.number().gt(1).max(100).default(20),
});
/** The end of the base is trained too, in a second phase. */
const unfreezeSchema = z
  .strictObject({
    /** The first layer of the base that is trained. */
    from: z.string().min(1).max(256).exactOptional(),
    /** Or: the last so many convolutions and dense layers, each with what follows it. */
    blocks: z.int().min(1).max(1_000).exactOptional(),
    epochs: z.int().min(1).max(1_000).default(10),
    /** The second phase's rate, as a share of `learningRate`. */
    rateFactor: z.number().gt(0).max(1).default(0.1),
  })
  .refine(({ from, blocks }) => (from === undefined) !== (blocks === undefined), {
    message: 'expected either from or blocks',
  });
export type Unfreeze = z.infer<typeof unfreezeSchema>;

export const trainingSchema = z.strictObject({
  epochs: z.int().min(1).max(1_000).default(40),
  batchSize: z.int().min(1).max(4_096).default(32),
  /** Adam's step size (Kingma & Ba 2015). */
  learningRate: z.number().gt(0).max(1).default(0.001),
  /** Epochs over which the rate rises to `learningRate`. */
  warmup: z.number().min(0).max(100).default(0),
  /** `cosine`: down to 0 over all epochs. `plateau`: down by a factor when the validation stands still. */
  schedule: z.enum(['constant', 'cosine', 'plateau']).default('constant'),
  plateau: z.strictObject({ factor, patience: z.int().min(1).max(1_000).default(2) }).prefault({}),
  /**
   * The rate falls by `factor` when a past window's validation loss rises above the champion's by more than the share
   * `tolerance`; without effect on a head that does not start from the champion.
   */
  continuity: z
    .strictObject({
      watch: z.boolean().default(true),
      factor,
      tolerance: z.number().min(0).max(10).default(0.05),
    })
    .prefault({}),
  /** Early stopping: epochs without a better validation before the best weights are restored. */
  patience: z.int().min(1).max(1_000).default(5),
  /** What better means: over all validation examples, or in the window that stands worst beside the champion. */
  stopOn: z.enum(['mean', 'worst']).default('mean'),
  /** Share of the examples that are not held out which is set aside to watch the training. */
  validation: z.number().gt(0).max(0.5).default(0.1),
  /** At most so many training examples a run: all of the current window first, then a sample of the past ones. */
  maxExamples: z.int().min(1).max(1_000_000).default(10_000),
  replay: replaySchema.prefault({}),
  /** `champion`: fine-tune the champion's head. `fresh`: start from a new initialisation. */
  start: z.enum(['champion', 'fresh']).default('champion'),
  distillation: distillationSchema.prefault({}),
  retry: retrySchema.prefault({}),
  /** How strongly the weights are drawn to the champion's: the rate times this, of the way back, a step. */
  anchor: z.number().min(0).max(1_000).default(0),
  /** `validation`: the best mixture of the champion's and the candidate's weights; `none`: the candidate's. */
  interpolation: z.enum(['none', 'validation']).default('none'),
  /** What an example counts by its label; `balanced`: all labels alike, however many examples each has. */
  classWeights: z
    .union([z.enum(['none', 'balanced']), z.record(z.string(), z.number().gt(0).max(1_000_000))])
    .default('none'),
  /** How examples are changed before the model learns from them; null: not at all. */
  augmentation: augmentationSchema.nullable().default(null),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** How much of the base is trained with the head; nothing where absent. */
  unfreeze: unfreezeSchema.exactOptional(),
});
export type TrainingRecipe = z.infer<typeof trainingSchema>;
