/**
 * What a part of the benchmark gives back, and how it says where it is.
 */
import type { Row } from './summarise.ts';

export interface Findings {
  readonly rows: readonly Row[];
  /** What was not measured, and why. */
  readonly skipped: readonly string[];
}

/** Called with the case that is measured now. */
export type Progress = (title: string) => void;
