/**
 * A stream: labelled rows in the order in which they came, cut into a history and one block a night.
 */
import type { InputSpec } from '../../../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../../shared/result.ts';

export interface Row {
  /** As a request has them, [rawSize of the input]. */
  readonly raw: Float32Array;
  /** Class id, or the target. */
  readonly label: number;
}

export interface Stream {
  readonly name: string;
  /** Which part of a longer stream it is; empty where it is whole. */
  readonly part: string;
  readonly task: TaskSpec;
  readonly input: InputSpec;
  readonly rows: readonly Row[];
  /** Rows after which things repeat (a week, a round of buildings); null where nothing is known of that. */
  readonly season: number | null;
  /** Rows before which something changed abruptly, as far as it is known. */
  readonly changes: readonly number[];
  /** Whether what drifts is the meaning of the labels: reported apart. */
  readonly relabelled: boolean;
  /** What a spec says of this stream beyond its defaults: `network`, `head`, `training`. */
  readonly model?: Readonly<Record<string, unknown>>;
  /** The frozen base that the head reads, as `base import` takes it: a folder, and the layer whose output it is. */
  readonly base?: { readonly folder: string; readonly output: string };
}

/** Rows `from` (inclusive) to `to` (exclusive). */
export interface Block {
  readonly from: number;
  readonly to: number;
}

export interface Nights {
  readonly history: Block;
  readonly blocks: readonly Block[];
}

export const HISTORY_SHARE = 0.1;
/** Fewer rows a night say nothing, and fewer of a history train nothing. */
const LEAST_BLOCK = 10;

/**
 * The first tenth as the history, the rest as blocks of the same size (by one row).
 *
 * @returns an error where a night would have fewer than ten rows
 */
export function cutNights(rows: number, nights: number): Result<Nights, string> {
  const first = Math.floor(rows * HISTORY_SHARE);
  const at = (night: number): number => first + Math.round(((rows - first) * night) / nights);
  if (first < LEAST_BLOCK || (rows - first) / nights < LEAST_BLOCK) {
    const wanted = Math.ceil(LEAST_BLOCK / Math.min(HISTORY_SHARE, (1 - HISTORY_SHARE) / nights));
    return err(
      `expected at least ${wanted} rows for a history and ${nights} nights of ${LEAST_BLOCK}, got ${rows}`,
    );
  }
  const blocks = Array.from({ length: nights }, (_, night) => ({ from: at(night), to: at(night + 1) }));
  return ok({ history: { from: 0, to: first }, blocks });
}

/** Blocks in which something changed abruptly, in their order. */
export function changedBlocks({ changes }: Pick<Stream, 'changes'>, blocks: readonly Block[]): number[] {
  return blocks.flatMap(({ from, to }, i) => (changes.some((at) => at >= from && at < to) ? [i] : []));
}
