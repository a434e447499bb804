/**
 * Published versions with made-up files: for tests of the registry.
 */
import { describeFiles } from '../../trainer/model/file-facts.ts';
import type { VersionFile } from '../../shared/registry/store/keys.ts';
import type { Manifest, VerdictName } from '../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { publishVersion } from '../../shared/registry/versions/versions.ts';

export const MODEL = 'digits';

export type Files = Readonly<Record<VersionFile, Uint8Array>>;

export function makeFiles(version: number): Files {
  const text = (name: string) => new TextEncoder().encode(`${name} of version ${version}`);
  return {
    'model.json': text('model.json'),
    'weights.bin': text('weights.bin'),
    'edge.json': text('edge.json'),
    'edge.bin': text('edge.bin'),
  };
}

export function makeManifest(version: number, changes: Partial<Manifest> = {}): Manifest {
  const files = makeFiles(version);
  return {
    format: 'holdfast-version/1',
    model: MODEL,
    version,
    createdAt: '2026-11-20T03:00:00.000Z',
    run: `run-${version}`,
    parent: null,
    base: null,
    snapshot: 'a snapshot',
    specDigest: 'ab'.repeat(32),
    seed: 1,
    labels: ['0', '1'],
    constants: null,
    files: describeFiles(files),
    metrics: { accuracy: 0.9 },
    verdict: 'promote',
    reasons: ['all checks passed'],
    ...changes,
  };
}

/** Publishes versions 1 to `verdicts.length` with these verdicts. */
export async function publishVersions(
  store: ObjectStore,
  ...verdicts: readonly VerdictName[]
): Promise<void> {
  for (const [i, verdict] of verdicts.entries()) {
    const reasons = [verdict === 'promote' ? 'all checks passed' : 'forgets the oldest window'];
    await publishVersion(store, makeManifest(i + 1, { verdict, reasons }), makeFiles(i + 1));
  }
}
