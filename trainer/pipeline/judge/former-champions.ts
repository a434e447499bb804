/**
 * The accuracy matrix of a run (of errors, for a regression): every champion there was on every window, beside the
 * candidate. For the report; the gate compares with today's champion only.
 */
import * as z from 'zod';
import type { AccuracyMatrix, MatrixVersion } from './accuracy-matrix.ts';
import { loadHistory } from '../../../shared/registry/champion/alias.ts';
import { loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { openVersion, type LoadedVersion } from '../features/judged-model.ts';
import { attemptKey, type ModelContext, type RunFiles } from '../../run/context.ts';
import { basesRead } from '../features/unfreeze.ts';
import { loadSnapshot, type SnapshotWindow } from '../data/snapshot-file.ts';

/** The newest of them: each costs one pass over the held-out examples. */
const MOST_VERSIONS = 12;
/** What they may take of the executor's heap, beside today's models: three heads 1280-1024-10. The newest come first. */
const MOST_BYTES = 16 * 2 ** 20;

export interface FormerChampion extends LoadedVersion {
  /** when the newest example that it was trained on was seen, milliseconds, exclusive */
  readonly learnedToMs: number;
}

/**
 * Versions that were champion before this run, today's among them, in order of their numbers. One that can't be read
 * any more is left out, and one that reads another base than today's champion and the candidate.
 *
 * @param champion  today's, as it is open already
 */
export async function openFormerChampions(
  ctx: ModelContext,
  champion: LoadedVersion | null,
): Promise<FormerChampion[]> {
  const { store, run, runtime } = ctx;
  const history = await loadHistory(store, run.model);
  const moves = history.ok ? history.value.filter(({ run: by }) => by !== run.id) : [];
  const newest = [...new Set(moves.map(({ to }) => to))].sort((a, b) => b - a).slice(0, MOST_VERSIONS);
  const bases = await basesRead(ctx);
  const opened: FormerChampion[] = [];
  let bytes = 0;
  for (const number of newest) {
    const isToday = number === champion?.manifest.version;
    const version = isToday ? champion : await openVersion(ctx, number, runtime).catch(() => null);
    if (version === null) continue;
    bytes += isToday ? 0 : version.program.heapBytes;
    if (bytes > MOST_BYTES) {
      version.program.dispose();
      break;
    }
    if (!bases.includes(version.manifest.base)) {
      bytes -= version.program.heapBytes;
      version.program.dispose();
      continue;
    }
    const { snapshot: id } = version.manifest;
    const snapshot = id === null ? null : await loadSnapshot(store, run.model, id).catch(() => null);
    const learnedToMs = snapshot?.windows.at(-1)?.toMs ?? 0;
    opened.unshift({ ...version, learnedToMs });
  }
  return opened;
}

/** One window's scores, accuracies or mean absolute errors; null where it has no examples. */
export interface WindowScores {
  readonly window: SnapshotWindow;
  readonly untrained: number | null;
  readonly candidate: number | null;
  /** in the order of the former champions */
  readonly former: readonly (number | null)[];
}

const scoresSchema = z.array(z.number().nullable());
const matrixSchema = z.object({
  windows: z.array(z.string()),
  untrained: z.array(z.number()),
  former: z.array(z.object({ version: z.int(), learned: z.int(), accuracy: scoresSchema })),
  candidate: scoresSchema,
});

/** Keeps the matrix beside the run; the candidate has no number yet. */
export async function saveMatrix(
  ctx: RunFiles,
  former: readonly FormerChampion[],
  windows: readonly WindowScores[],
): Promise<void> {
  await putJson(ctx.store, attemptKey(ctx, 'matrix.json'), {
    windows: windows.map(({ window }) => window.id),
    untrained: windows.map(({ untrained }) => untrained ?? 0),
    former: former.map(({ manifest, learnedToMs }, i) => ({
      version: manifest.version,
      learned: windows.findLastIndex(({ window }) => window.fromMs < learnedToMs),
      accuracy: windows.map(({ former }) => former[i] ?? null),
    })),
    candidate: windows.map(({ candidate }) => candidate),
  });
}

/**
 * The matrix with the candidate as its last version; null when this run kept none.
 *
 * @param version  the candidate's number
 */
export async function loadMatrix(ctx: RunFiles, version: number): Promise<AccuracyMatrix | null> {
  const loaded = await loadJson(ctx.store, attemptKey(ctx, 'matrix.json'), matrixSchema);
  if (!loaded.ok) return null;
  const { windows, untrained, former, candidate } = loaded.value.value;
  // The first champion that was trained on nothing that is still held out has learned none of the windows.
  const earlier: MatrixVersion[] = former.filter(({ learned }) => learned >= 0);
  return {
    windows,
    untrained,
    versions: [...earlier, { version, learned: windows.length - 1, accuracy: candidate }],
  };
}
