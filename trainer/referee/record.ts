/**
 * What the referee saw, as a run keeps it: `runs/<id>/referee.json`.
 */
import * as z from 'zod';
import type {
  ChallengerComparison,
  Judgement,
} from '../../shared/continuity/referee/challenger-comparison.ts';
import type { TrustDecision } from '../../shared/continuity/referee/trust.ts';
import { type Selection, selectionSchema } from './selection.ts';
import { trustSchema } from './ledger-file.ts';
import { describeReadError, loadJson, putJson } from '../../shared/registry/store/json.ts';
import { attemptKey, type RunContext, type RunFiles } from '../run/context.ts';
import { RunFailure } from '../run-failure.ts';

export interface ContenderRecord {
  readonly version: number;
  readonly kind: 'challenger' | 'former champion';
  /** examples seen from here on count */
  readonly fromMs: number;
  /** the mean difference that had to be exceeded */
  readonly floor: number;
  readonly level: number;
  readonly comparison: ChallengerComparison;
  /** null for one that was dropped */
  readonly judgement: Judgement | null;
  /** of what the labels are a selection; left out where nobody knows */
  readonly selection?: Selection | undefined;
  /** why it no longer stands beside the champion, by name */
  readonly dropped: string | null;
}

export interface RefereeRecord {
  readonly champion: number;
  readonly contenders: readonly ContenderRecord[];
  /** digest of tonight's recipe */
  readonly recipe: string;
  readonly trust: TrustDecision;
}

/** A tally as it is written: cells in order. */
export const tallyFile = z.array(z.tuple([z.int(), z.number().gt(0)])).transform((cells) => new Map(cells));

const comparisonSchema = z.object({
  n: z.int().min(0),
  gains: z.int().min(0),
  losses: z.int().min(0),
  mean: z.number(),
  units: tallyFile,
  blockLength: z.int().min(1),
  share: z.number().gt(0).max(1),
});

const judgementSchema = z.object({
  finding: z.enum(['better', 'worse', 'open']),
  progress: z.number(),
  moreLabels: z.int().nullable(),
});

const recordSchema = z.object({
  format: z.literal('holdfast-referee/1'),
  champion: z.int().min(1),
  contenders: z.array(
    z.object({
      version: z.int().min(1),
      kind: z.enum(['challenger', 'former champion']),
      fromMs: z.number(),
      floor: z.number(),
      level: z.number(),
      comparison: comparisonSchema,
      judgement: judgementSchema.nullable(),
      selection: selectionSchema.optional(),
      dropped: z.string().nullable(),
    }),
  ),
  recipe: z.string(),
  trust: z.object({
    trust: trustSchema,
    change: z.enum(['earned', 'lost']).nullable(),
    by: z.enum(['nights', 'rehearsal']).nullable(),
    wealth: z.number(),
    needed: z.number(),
  }),
});

/** Whose record: a run's, or an attempt's of it. */
type RecordOf = Pick<RunContext, 'store' | 'attempt'> & {
  readonly run: Pick<RunContext['run'], 'model' | 'id'>;
};

/** Writes the record with its units in order, so that the same night writes the same bytes. */
export async function saveRefereeRecord(ctx: RunFiles, record: RefereeRecord): Promise<void> {
  const contenders = record.contenders.map((contender) => ({
    ...contender,
    comparison: {
      ...contender.comparison,
      units: [...contender.comparison.units].sort(([a], [b]) => a - b),
    },
  }));
  await putJson(ctx.store, refereeKey(ctx), { format: 'holdfast-referee/1', ...record, contenders });
}

/** Null where this run has none yet. @throws RunFailure for one that is not of the form that was written */
export async function findRefereeRecord(ctx: RecordOf): Promise<RefereeRecord | null> {
  const read = await loadJson(ctx.store, refereeKey(ctx), recordSchema);
  if (read.ok) return read.value.value;
  if (read.error.kind === 'missing') return null;
  throw new RunFailure(describeReadError(read.error));
}

function refereeKey(ctx: RecordOf): string {
  return attemptKey(ctx, 'referee.json');
}
