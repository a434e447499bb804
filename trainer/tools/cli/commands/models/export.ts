/**
 * `holdfast export`: a version as files of a tfjs LayersModel, for anything else that reads them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { exportModel } from '../../../../model-import/export-model.ts';
import { createContext } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { example, wholeNumber } from '../../options.ts';

/** `holdfast export <model> <version> <folder>`: reads the bucket, writes into the folder. */
export function addExportCommand(program: Command): void {
  program
    .command('export')
    .argument('<model>')
    .argument('<version>', 'number of a published version', wholeNumber(1))
    .argument('<folder>', 'made if it is not there')
    .description(
      'save a version as one tfjs model with its base, and a manifest.json with which import-model takes it again; base and head by themselves in <folder>/base and <folder>/head',
    )
    .addHelpText('after', example('export digits 4 ./digits-4', 'import-model digits-again ./digits-4'))
    .action(async (model: string, version: number, folder: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const { files, apart } = unwrap(await exportModel(context.openStore(), model, version));
      const written: string[] = [];
      for (const [path, bytes] of files) {
        const file = join(folder, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, bytes);
        written.push(file);
      }
      context.print({ version, files: written, apart }, () => {
        const note =
          apart === null ? '' : `\nbase and head stand apart, as they do not make one LayersModel: ${apart}`;
        return `exported version ${version} of ${model}: ${written.join(', ')}${note}`;
      });
    });
}
