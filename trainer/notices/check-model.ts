/**
 * What nobody tells of when it happens: that a champion's files are gone or too short, that a run hangs; and a move whose
 * notice a crash has cost. Reads some bytes a model, and no file whole.
 */
import { loadChampion } from '../../shared/registry/champion/alias.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import { noticeMove } from '../../shared/registry/champion/move-notice.ts';
import { keepNotice } from '../../shared/registry/notices.ts';
import { loadLastRun } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';

/** A night is over by then. */
const LONGEST_RUN_MS = 12 * 3_600_000;

/**
 * Keeps a notice for each thing it finds, once; what storage throws is handed on, and the next check finds it again.
 */
export async function checkModel(store: ObjectStore, model: string, now: Date): Promise<void> {
  const champion = await loadChampion(store, model);
  if (champion.ok && champion.value !== null) await noticeMove(store, model, champion.value.move);
  const damage = champion.ok
    ? champion.value && (await findDamage(store, model, champion.value.move.to))
    : champion.error.detail;
  if (damage !== null) {
    // One notice for each move and damage: the id has no time in it, the key that of the move.
    const move = champion.ok ? champion.value?.move : undefined;
    const text = `${model} does not serve: ${damage}; holdfast status ${model} says what to do`;
    await keepNotice(store, {
      format: 'holdfast-notice/1',
      id: `${model}-not-serving-${move?.sequence ?? 0}`,
      model,
      kind: 'not-serving',
      at: move?.at ?? new Date(0).toISOString(),
      text,
      version: move?.to ?? null,
      run: null,
    });
  }
  await checkLastRun(store, model, now);
}

/** What is missing of a version at a glance: its manifest, or the end of a file that serves. */
async function findDamage(store: ObjectStore, model: string, version: number): Promise<string | null> {
  const manifest = await loadManifest(store, model, version);
  if (!manifest.ok) return manifest.error.detail;
  for (const name of ['edge.json', 'edge.bin'] as const) {
    const key = keys.versionFile(model, version, name);
    if (!(await reaches(store, key, manifest.value.files[name]))) {
      return `${key}: expected ${manifest.value.files[name].bytes} bytes, got fewer`;
    }
  }
  return null;
}

async function reaches(
  store: ObjectStore,
  key: string,
  { bytes }: Manifest['files']['edge.bin'],
): Promise<boolean> {
  const last = await store.getRange(key, Math.max(0, bytes - 1), 1).catch(() => null);
  return last !== null && last.byteLength === Math.min(1, bytes);
}

async function checkLastRun(store: ObjectStore, model: string, now: Date): Promise<void> {
  const run = await loadLastRun(store, model);
  if (run?.status !== 'running') return;
  const { id, startedAt } = run;
  if (now.getTime() - Date.parse(startedAt) < LONGEST_RUN_MS) return;
  const text = `${model}: run ${id} is under way since ${startedAt}; holdfast resume ${model} ${id} makes it go on`;
  await keepNotice(store, {
    format: 'holdfast-notice/1',
    id: `${model}-run-late-${id}`,
    model,
    kind: 'run-late',
    at: startedAt,
    text,
    version: null,
    run: id,
  });
}
