/**
 * The evidence as it is stored: `runs/<id>/evidence.json`, probabilities as base64 of float32, so that ten thousand
 * examples of ten classes take half a megabyte. Reading it back checks every length; what the numbers mean is the
 * gate's to judge.
 */
import * as z from 'zod';
import { bytesToFloats, floatBytes, fromBase64, toBase64 } from '../../shared/bytes.ts';
import type { Evidence } from '../../shared/continuity/evidence.ts';
import { describeReadError, encodeCompactJson, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { type RunContext, RunFailure } from './context.ts';

const ids = (least: number) => z.array(z.int().min(least)).transform((values) => Int32Array.from(values));

const floats = z.string().transform((text, context) => {
  const bytes = fromBase64(text);
  if (bytes !== null && bytes.byteLength % Float32Array.BYTES_PER_ELEMENT === 0) return bytesToFloats(bytes);
  context.addIssue({ code: 'custom', message: 'expected float32 numbers as base64' });
  return z.NEVER;
});

const milliseconds = z.array(z.number()).transform((values) => Float64Array.from(values));

const windowSchema = z.object({
  id: z.string(),
  kind: z.enum(['past', 'current']),
  fromMs: z.number(),
  toMs: z.number(),
  exampleIds: z.array(z.string()),
  labels: ids(0),
  candidate: ids(0),
  champion: ids(0).nullable(),
  candidateProbabilities: floats.optional(),
  championProbabilities: floats.optional(),
  groups: ids(-1).optional(),
  features: z.array(ids(-1)).optional(),
  previousLabels: ids(-1).optional(),
  decisions: z.int().min(0).optional(),
});

const evidenceSchema = z
  .object({
    format: z.literal('holdfast-evidence/1'),
    classes: z.array(z.string()),
    windows: z.array(windowSchema),
    majority: z.int(),
    candidate: z.object({
      digest: z.string(),
      finite: z.boolean(),
      reproduces: z.boolean(),
      exportAgrees: z.boolean(),
      // JSON has no infinity: null says that the comparison was impossible.
      exportDifference: z
        .number()
        .nullable()
        .transform((value) => value ?? Number.POSITIVE_INFINITY),
      trainedOn: z.int(),
    }),
    champion: z.object({ version: z.int(), digest: z.string() }).nullable(),
    features: z.array(z.object({ name: z.string(), values: z.array(z.string()) })).optional(),
    edge: z
      .object({
        candidateBytes: z.number(),
        championBytes: z.number().nullable(),
        memoryBytes: z.number(),
        candidateMs: milliseconds,
        championMs: milliseconds.nullable(),
      })
      .optional(),
    selfTests: z.array(z.object({ id: z.string(), passed: z.boolean(), detail: z.string() })).optional(),
  })
  .superRefine(({ windows, classes }, context) => {
    for (const [i, window] of windows.entries()) {
      const problem = lengthProblem(window, classes.length);
      if (problem !== null) context.addIssue({ code: 'custom', path: ['windows', i], message: problem });
    }
  });

/** The first array of a window that is not as long as its labels, in words; null when all are. */
function lengthProblem(window: z.infer<typeof windowSchema>, classes: number): string | null {
  const n = window.labels.length;
  const expected: readonly (readonly [string, { readonly length: number } | null | undefined, number])[] = [
    ['exampleIds', window.exampleIds, n],
    ['candidate', window.candidate, n],
    ['champion', window.champion, n],
    ['candidateProbabilities', window.candidateProbabilities, n * classes],
    ['championProbabilities', window.championProbabilities, n * classes],
    ['groups', window.groups, n],
    ['previousLabels', window.previousLabels, n],
    ...(window.features ?? []).map((values, i) => [`features[${i}]`, values, n] as const),
  ];
  const wrong = expected.find(([, values, length]) => values && values.length !== length);
  return wrong === undefined ? null : `${wrong[0]}: expected ${wrong[2]} values, got ${wrong[1]?.length}`;
}

export async function saveEvidence({ store, run }: RunContext, evidence: Evidence): Promise<void> {
  await store.put(
    keys.run(run.model, run.id, 'evidence.json'),
    encodeCompactJson(toJson({ format: 'holdfast-evidence/1', ...evidence })),
  );
}

/** Typed arrays into what JSON has. */
function toJson(value: unknown): unknown {
  if (value instanceof Float32Array) return toBase64(floatBytes(value));
  if (value instanceof Int32Array || value instanceof Float64Array) return [...value];
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner)]));
}

/** @throws RunFailure when it is missing, or not what was written */
export async function loadEvidence(ctx: RunContext): Promise<Evidence> {
  const loaded = await readEvidence(ctx);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

/** The evidence of this very candidate, where it was gathered before; null otherwise. */
export async function findEvidence(ctx: RunContext, digest: string): Promise<Evidence | null> {
  const loaded = await readEvidence(ctx);
  return loaded.ok && loaded.value.value.candidate.digest === digest ? loaded.value.value : null;
}

function readEvidence({ store, run }: RunContext) {
  const key = keys.run(run.model, run.id, 'evidence.json');
  return loadJson(store, key, evidenceSchema as unknown as z.ZodType<Evidence>);
}
