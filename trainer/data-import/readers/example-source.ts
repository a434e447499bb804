/**
 * What every reader gives: labelled examples one by one, or what is wrong with a row. A source has been looked
 * through once before it exists, so a file that is truncated, or fits the model in no row, is refused as a whole.
 */
import type { MomentForm } from '../../../shared/model/spec/moment.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../../shared/model/spec/task.ts';
import type { Result } from '../../../shared/result.ts';

export interface ExampleRow {
  /** 0, 1, 2, …: the place in the file, which makes an example's id. */
  readonly row: number;
  /** [rawSize of the input] */
  readonly raw: Float32Array;
  /** Index into the spec's labels; of a regression the target. */
  readonly label: number;
  /** Milliseconds since the epoch, where the file says so. */
  readonly at?: number;
  /** As the file has it; an import hides it. */
  readonly group?: string;
  /** What the file calls the example: of two with one id the last counts. */
  readonly id?: string;
}

/** One sentence with its place: `line 13: label: expected one of "UP", "DOWN", got "UPP"`. */
export interface RowProblem {
  readonly row: number;
  readonly problem: string;
}

export type ReadRow = Result<ExampleRow, RowProblem>;

export interface ExampleSource {
  /** The file's or folder's name, without where it lies. */
  readonly name: string;
  /** SHA-256 of the content, unpacked: the same data has it whether it is gzipped or not. */
  readonly digest: string;
  /** There are not more rows than this. */
  readonly maxRows: number;
  /** How far `rows` has come, 0 to 1. */
  fraction(): number;
  rows(): AsyncGenerator<ReadRow>;
}

/** Which columns (or keys of a line) are not features. */
export interface ColumnNames {
  readonly label: string;
  readonly time: string | null;
  readonly group: string | null;
  readonly id?: string | null;
  readonly ignore: readonly string[];
}

export interface ReadOptions {
  readonly spec: Pick<Spec, 'input'> & TaskSpec;
  readonly columns: ColumnNames;
  /** Times after this are refused: a run would never see them. */
  readonly now: Date;
  /** The decimal mark of targets that are texts. */
  readonly decimal?: '.' | ',' | null | undefined;
  /** How times are written. */
  readonly moments?: MomentForm | undefined;
}
