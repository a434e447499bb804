/**
 * What a retraining run leaves behind: one JSON object, from which the terminal table and the HTML page are
 * rendered. Fields are added, never renamed or removed; a reader that needs more asks for the next format.
 */
import type { Evidence } from './evidence.ts';
import type { Verdict } from './gate.ts';
import { accuracy } from './metrics.ts';
import type { GatePolicy } from './policy.ts';

/** Accuracies on the held-out examples of one window, fractions in [0, 1]. */
export interface WindowSummary {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly fromMs: number;
  readonly toMs: number;
  readonly n: number;
  readonly candidate: number;
  /** null while there is no champion */
  readonly champion: number | null;
}

export interface TrainingSummary {
  readonly examples: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly seed: number;
  /** one row per epoch; validation is null where none was held out */
  readonly loss: readonly {
    readonly epoch: number;
    readonly training: number;
    readonly validation: number | null;
  }[];
}

export interface RunReport {
  readonly format: 'holdfast.run-report/1';
  readonly model: string;
  readonly run: string;
  readonly snapshot: string;
  /** ISO 8601, UTC */
  readonly createdAt: string;
  readonly champion: { readonly version: number; readonly digest: string } | null;
  /** version is null when the candidate was not published */
  readonly candidate: { readonly version: number | null; readonly digest: string };
  readonly policy: GatePolicy;
  readonly verdict: Verdict;
  readonly windows: readonly WindowSummary[];
  readonly training: TrainingSummary;
  /** what was done; a promotion can still fail after the verdict, when another one came first */
  readonly decision: { readonly promoted: boolean; readonly why: string };
}

/** Accuracy of both models, window by window, in the order of the evidence. */
export function summarizeWindows({ windows }: Evidence): WindowSummary[] {
  return windows.map(({ id, kind, fromMs, toMs, labels, candidate, champion }) => ({
    id,
    kind,
    fromMs,
    toMs,
    n: labels.length,
    candidate: accuracy(labels, candidate),
    champion: champion === null ? null : accuracy(labels, champion),
  }));
}
