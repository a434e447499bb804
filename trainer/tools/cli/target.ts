/**
 * What the registry commands need of a deployment, whether it is asked over HTTP or its bucket is opened directly.
 */
import type { Move } from '../../../shared/registry/champion/alias.ts';
import type { ComparisonRecord } from '../../../shared/registry/jobs/comparisons.ts';
import type { Manifest } from '../../../shared/registry/versions/manifest.ts';
import type { BriefLive, ShownLive } from '../../../shared/registry/live.ts';
import type { Notice } from '../../../shared/registry/notices.ts';
import type { Ending, Quarantine } from '../../../shared/registry/quarantine.ts';
import type { Reproduction } from '../../../shared/registry/jobs/reproductions.ts';
import type { Progress } from '../../../shared/registry/jobs/jobs.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ServedAt } from '../../../shared/registry/champion/served-at.ts';
import type { Result } from '../../../shared/result.ts';
import type { ComparisonRequest, ReproductionRequest } from '../../../shared/trainer-service.ts';
import type { RecipeComparison } from '../../recipes/recipe-comparison.ts';

/** Why it was refused, with the API's or the registry's own word for it. */
export interface Refusal {
  readonly kind: string;
  readonly detail: string;
}

export type Answer<T> = Promise<Result<T, Refusal>>;

export interface ModelStatus {
  readonly name: string;
  readonly description: string | null;
  /** The move that made the champion. */
  readonly champion: Move | null;
  /** The version that this deployment serves at the moment; null when none does, or when nobody was asked. */
  readonly serving: number | null;
  /** Why the champion is not what serves; null where it is, or where there is none. */
  readonly failure: string | null;
  /** Where nothing serves: the version that a rollback would put back. */
  readonly rollbackTo: number | null;
  readonly versions: readonly number[];
  readonly lastRun: RunRecord | null;
  /** labels that are kept apart, and wait for somebody's word */
  readonly quarantines: readonly Quarantine[];
  /** figures of the champion; null before the first look at it */
  readonly live: BriefLive | null;
  readonly problems: readonly string[];
}

export type PublishedVersion = Pick<
  Manifest,
  'version' | 'createdAt' | 'parent' | 'run' | 'verdict' | 'reasons' | 'metrics'
> & { readonly state: 'published' };

/** A number that is taken by something that can't be served. */
export interface BrokenVersion {
  readonly version: number;
  readonly state: 'unpublished' | 'damaged' | 'unknown-version';
  readonly detail: string;
}

export type VersionEntry = PublishedVersion | BrokenVersion;

export interface RunState {
  readonly run: RunRecord;
  readonly progress: Progress | null;
}

export interface MoveRequest {
  readonly reason: string;
  readonly by: string;
  /** What served when the move was asked for; null for none. Where another version serves by now, nothing moves. */
  readonly expectedChampion: number | null;
}

export interface ResumeRequest {
  readonly reason: string;
  readonly by: string;
  /** Not yet, but once a candidate is shown better on what came in after it was made. */
  readonly untilBetter: boolean;
}

export type Stretch = Pick<Quarantine, 'fromMs' | 'toMs'>;
export type EndRequest = Pick<Ending, 'status' | 'by'> & { readonly reason: string };

export interface Target {
  /** `http://127.0.0.1:8787` or `s3://bucket`: for messages. */
  readonly name: string;
  listModels(): Answer<readonly string[]>;
  status(model: string): Answer<ModelStatus>;
  /** Ascending. */
  versions(model: string): Answer<readonly VersionEntry[]>;
  /** Oldest first. */
  history(model: string): Answer<readonly Move[]>;
  /** The newest, oldest first. */
  notices(model: string): Answer<readonly Notice[]>;
  /** What became of the champion, as of the last look. */
  live(model: string): Answer<ShownLive>;
  /** The version that was champion at a time. */
  servedAt(model: string, at: Date): Answer<ServedAt>;
  promote(model: string, version: number, request: MoveRequest & { readonly force: boolean }): Answer<Move>;
  rollback(
    model: string,
    request: MoveRequest & { readonly to: number | null; readonly untilBetter: boolean },
  ): Answer<Move>;
  /** The champion, as it stands afterwards. */
  resumePromotion(model: string, request: ResumeRequest): Answer<Move>;
  /** Labels that are or were kept apart, in order of time. */
  quarantines(model: string): Answer<readonly Quarantine[]>;
  endQuarantine(model: string, stretch: Stretch, request: EndRequest): Answer<Quarantine>;
  /** Oldest first. */
  runs(model: string): Answer<readonly RunRecord[]>;
  run(model: string, id: string): Answer<RunState>;
  report(model: string, id: string, format: 'json' | 'html'): Answer<Uint8Array>;
}

export interface ComparisonState {
  readonly record: ComparisonRecord;
  readonly progress: Progress | null;
  /** null until it is complete */
  readonly result: RecipeComparison | null;
}

export interface ReproductionState {
  readonly record: Reproduction;
  readonly progress: Progress | null;
}

/** Runs happen in the trainer Worker; only a deployment can be asked for one. */
export interface HttpTarget extends Target {
  /** @param again  although nothing is new since the last run */
  startRun(model: string, by: string, again: boolean): Answer<{ readonly run: string }>;
  resumeRun(model: string, id: string): Answer<unknown>;
  /** Begins a look at the champion. */
  look(model: string): Answer<unknown>;
  startComparison(model: string, request: ComparisonRequest): Answer<{ readonly comparison: string }>;
  comparison(model: string, id: string): Answer<ComparisonState>;
  comparisonPage(model: string, id: string): Answer<Uint8Array>;
  reproduce(
    model: string,
    version: number,
    request: Omit<ReproductionRequest, 'version'>,
  ): Answer<{ readonly reproduction: string }>;
  reproduction(model: string, id: string): Answer<ReproductionState>;
}
