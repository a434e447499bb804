/**
 * `holdfast export`: a version as files of a tfjs LayersModel, for anything else that reads them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { keys, type VersionFile } from '../../../../shared/registry/keys.ts';
import { loadBaseManifest } from '../../../../shared/registry/base-manifest.ts';
import { encodeJson, describeReadError } from '../../../../shared/registry/json.ts';
import type { ObjectStore } from '../../../../shared/registry/store.ts';
import { describeDamage } from '../../../../shared/registry/find-version.ts';
import { loadManifest, loadVersionFile } from '../../../../shared/registry/versions.ts';
import { createContext } from '../context.ts';
import { Failure, unwrap } from '../failure.ts';
import { example, wholeNumber } from './options.ts';

const FILES = ['model.json', 'weights.bin'] as const satisfies readonly VersionFile[];

export function addExportCommand(program: Command): void {
  program
    .command('export')
    .argument('<model>')
    .argument('<version>', 'number of a published version', wholeNumber(1))
    .argument('<folder>', 'made if it is not there')
    .description('save a version as tfjs files; the base, where there is one, goes into <folder>/base')
    .addHelpText('after', example('export digits 4 ./digits-4'))
    .action(async (model: string, version: number, folder: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const store = context.openStore();
      const manifest = unwrap(await loadManifest(store, model, version));
      await mkdir(folder, { recursive: true });
      const written = FILES.map((file) => join(folder, file));
      for (const file of FILES)
        await writeFile(join(folder, file), unwrap(await loadVersionFile(store, manifest, file)));
      await writeFile(join(folder, 'manifest.json'), encodeJson(manifest));
      if (manifest.base !== null)
        written.push(...(await exportBase(store, manifest.base, join(folder, 'base'))));
      written.push(join(folder, 'manifest.json'));
      context.print(
        { version, files: written },
        () => `exported version ${version} of ${model}: ${written.join(', ')}`,
      );
    });
}

async function exportBase(store: ObjectStore, digest: string, folder: string): Promise<string[]> {
  const manifest = await loadBaseManifest(store, digest);
  if (!manifest.ok) throw new Failure(describeReadError(manifest.error));
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const file of FILES) {
    const key = keys.base(digest, file);
    const bytes = (await store.get(key))?.bytes;
    const damage = await describeDamage(key, manifest.value.value.files[file], bytes);
    if (damage !== null || bytes === undefined) throw new Failure(damage ?? key, 1, { kind: 'damaged' });
    await writeFile(join(folder, file), bytes);
    written.push(join(folder, file));
  }
  return written;
}
