/**
 * How far a training has come: plain data, as a checkpoint carries it.
 */
import * as z from 'zod';

const windowSchema = z.object({ id: z.string(), loss: z.number(), accuracy: z.number().nullable() });

export const epochSchema = z.object({
  /** Counted from 1. */
  epoch: z.int(),
  /** Mean over the epoch's batches, weighted, with the teacher's share: nats, or squared error. */
  loss: z.number(),
  /** The learning rate of its last step. */
  rate: z.number(),
  /** Over all validation examples; null when there are none. */
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  windows: z.array(windowSchema),
  worst: z.object({ id: z.string(), rise: z.number() }).nullable(),
});
export type Epoch = z.infer<typeof epochSchema>;

export const trainingHistorySchema = z.object({
  epochs: z.array(epochSchema),
  steps: z.int().min(0),
  /** How often an epoch had to be repeated at half the rate. */
  halvings: z.int().min(0),
  /** The champion's loss in every watched window; null where training did not start from it. */
  reference: z.array(z.number().or(z.null().transform(() => Number.NaN))).nullable(),
  plateau: z.object({ factor: z.number(), best: z.number().nullable(), waited: z.int() }),
  /** What continuity has left of the rate. */
  continuity: z.number(),
  /** Epoch 0: the weights it started with. */
  best: z.object({ epoch: z.int().min(0), score: z.number().nullable() }),
});
export type TrainingHistory = z.infer<typeof trainingHistorySchema>;
