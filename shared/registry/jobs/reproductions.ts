/**
 * A version that was trained again: `reproductions/<id>/reproduction.json`, with what came of it. The edge hands the
 * record on as it is stored, and carries none of this.
 */
import * as z from '../../zod.ts';
import type { JobKind } from './jobs.ts';
import { digestSchema } from '../versions/manifest.ts';

const comparedFileSchema = z.object({
  file: z.enum(['model.json', 'weights.bin', 'edge.json', 'edge.bin']),
  /** SHA-256, from the manifest and of what was trained now */
  recorded: digestSchema,
  reproduced: digestSchema,
});

const outcomeSchema = z.object({
  same: z.boolean(),
  /** The version's files; none where it was not trained again, because what it was trained on has changed. */
  files: z.array(comparedFileSchema),
  /** What the manifest says of the held-out windows, and what the reproduced files answer there now. */
  metrics: z.array(z.object({ name: z.string(), recorded: z.number(), reproduced: z.nullable(z.number()) })),
  /** The first thing on the way to the files that is another; null where they are the same. */
  difference: z.nullable(z.object({ stage: z.string(), detail: z.string() })),
});
export type Outcome = z.infer<typeof outcomeSchema>;

export const reproductionSchema = z.object({
  format: z.literal('holdfast-reproduction/1'),
  id: z.string(),
  model: z.string(),
  version: z.int().check(z.minimum(1)),
  /** Features were computed anew, instead of using those that are kept. */
  recompute: z.boolean(),
  /** `cli`: a Node job, which only where it runs can be gone on with. */
  trigger: z.enum(['api', 'cli']),
  by: z.string(),
  /** What trains: `workerd`, `Node 24.21.0 on linux arm64`. */
  place: z.string(),
  /** Binaries that are not those that trained the version, by file: SHA-256; null where there is none. */
  otherBinaries: z.array(
    z.object({ file: z.string(), recorded: z.nullable(digestSchema), here: z.nullable(digestSchema) }),
  ),
  status: z.enum(['running', 'complete', 'failed']),
  startedAt: z.iso.datetime(),
  finishedAt: z.nullable(z.iso.datetime()),
  outcome: z.nullable(outcomeSchema),
  /** Why it could not be trained again. */
  error: z.nullable(z.string()),
});
export type Reproduction = z.infer<typeof reproductionSchema>;

export const reproductionJob: JobKind<'reproduction', Reproduction> = {
  name: 'reproduction',
  schema: reproductionSchema,
};
