/**
 * What a version is: the manifest of its files and where they came from. Written last, so a version is either whole
 * or not there.
 */
import * as z from '../../zod.ts';
import { DIGEST } from '../../digest.ts';

export const digestSchema = z.string().check(z.regex(DIGEST, 'expected a SHA-256 in hexadecimal'));

export const fileSchema = z.object({ sha256: digestSchema, bytes: z.int().check(z.minimum(0)) });

const numbersSchema = z.array(z.number());

/** Constants of the preprocessing, fitted on training data: `(x - mean) * scale`, per number or date feature. */
export const constantsSchema = z.object({
  mean: numbersSchema,
  scale: numbersSchema,
  /** The three only where the spec lets features be missing, or values be rare. In place of a number that is missing: */
  median: z.exactOptional(numbersSchema),
  /** Whether the training data lacked it too (1), so that the model has learnt what that means; per number or date. */
  marked: z.exactOptional(numbersSchema),
  /** Where each value of a category is seen, "other" and "missing" last; -1 nowhere. Per category. */
  places: z.exactOptional(z.array(numbersSchema)),
});
export type Constants = z.infer<typeof constantsSchema>;

/** The number that a regression model predicts. Its unit is for people: `EUR`, `kWh`. */
export const targetSchema = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(128)),
  unit: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(32))),
});
export type Target = z.infer<typeof targetSchema>;

export const verdictNameSchema = z.enum(['promote', 'reject', 'hold']);
export type VerdictName = z.infer<typeof verdictNameSchema>;

export const manifestSchema = z.object({
  format: z.literal('holdfast-version/1'),
  model: z.string(),
  version: z.int().check(z.minimum(1)),
  createdAt: z.iso.datetime(),
  run: z.string(),
  /** The version whose head the training started from; null when it started afresh. */
  parent: z.nullable(z.int().check(z.minimum(1))),
  base: z.nullable(digestSchema),
  /** Where the end of a base was trained too: which base, and from which layer on. `base` is then what comes before. */
  unfrozen: z.exactOptional(z.object({ base: digestSchema, from: z.string() })),
  /** What it was trained on; null for a version that came trained. */
  snapshot: z.nullable(z.string()),
  specDigest: digestSchema,
  seed: z.int().check(z.minimum(0)),
  /** Of a classification; none for a regression. */
  labels: z.array(z.string()),
  /** Of a regression. */
  target: z.exactOptional(targetSchema),
  constants: z.nullable(constantsSchema),
  files: z.object({
    'model.json': fileSchema,
    'weights.bin': fileSchema,
    'edge.json': fileSchema,
    'edge.bin': fileSchema,
  }),
  /** Of `provenance.json` beside it: all that its training depended on. Absent of one that came trained. */
  provenance: z.exactOptional(fileSchema),
  metrics: z.record(z.string(), z.number()),
  verdict: verdictNameSchema,
  /** 2: its run trained twice, and this is the second candidate, by a stronger recipe than the spec's. */
  attempt: z.exactOptional(z.int().check(z.minimum(1))),
  reasons: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;
