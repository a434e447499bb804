/**
 * `holdfast import-model`: a classifier that was trained elsewhere, as a version.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { importModel, type ImportedModel } from '../../node/model-import.ts';
import { reasonOf } from '../../node/readers/input-file.ts';
import { createContext } from '../context.ts';
import { unwrap, usageError } from '../failure.ts';
import { type Resize, RESIZES } from '../../../shared/model/spec.ts';
import { createProgressLine } from '../output.ts';
import { describeSpec } from '../spec-text.ts';
import { commaList, example, finiteNumber, oneOf } from './options.ts';

interface ImportModelOptions {
  readonly labels?: readonly string[];
  readonly labelsFile?: string;
  readonly scale?: number;
  readonly offset?: number;
  readonly resize?: Resize;
}

export function addImportModelCommand(program: Command): void {
  program
    .command('import-model')
    .argument('<model>', 'made if it is not there')
    .argument('<source>', 'folder, model.json, URL or s3://bucket/prefix')
    .description('publish a trained tfjs classifier as a version: its dense layers as head, the rest as base')
    .option('--labels <a,b,c>', 'a new model: labels, in the order of the outputs', commaList)
    .option('--labels-file <file>', 'the same as a JSON list, or one a line')
    .option('--scale <number>', 'images: the model sees pixel * scale + offset (default 1/255)', finiteNumber)
    .option('--offset <number>', 'images: see --scale', finiteNumber)
    .option(
      '--resize <how>',
      `image files of another size: ${RESIZES.join(', ')} (default stretch)`,
      oneOf(RESIZES),
    )
    .addHelpText(
      'after',
      example(
        'import-model things ./mobilenet_v1 --labels-file labels.json --scale 0.00784313725 --offset -1',
        'promote things 1 --force --reason "served from the old site until today"',
      ),
    )
    .action(async (model: string, source: string, options: ImportModelOptions, command: Command) => {
      const context = createContext(command);
      const labels = options.labels ?? (await readLabels(options.labelsFile));
      const progress = createProgressLine();
      const imported = unwrap(
        await importModel({
          store: context.openStore(),
          model,
          source,
          labels,
          scale: options.scale,
          offset: options.offset,
          resize: options.resize,
          now: context.now(),
          openBucket: (location) => context.openBucket(location),
          onProgress: (text) => progress.update(text),
        }).finally(() => progress.close()),
      );
      context.print(imported.manifest, () => describe(imported));
    });
}

async function readLabels(path: string | undefined): Promise<string[] | null> {
  if (path === undefined) return null;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw usageError(`${path}: ${reasonOf(error)}`);
  });
  if (!text.trimStart().startsWith('[')) return text.trim().split(/\r?\n/);
  try {
    return (JSON.parse(text) as unknown[]).map(String);
  } catch {
    throw usageError(`${path}: expected a JSON list of labels, or one label a line`);
  }
}

function describe({ manifest, spec, repeated, addedSoftmax }: ImportedModel): string {
  const { model, version } = manifest;
  const first = repeated
    ? `these files are version ${version} of ${model} already: nothing to do`
    : `imported version ${version} of ${model}`;
  const softmax = addedSoftmax ? '\nthe model ends with logits: a softmax was added' : '';
  const next = `\nit is held, as the gate has not judged it: holdfast promote ${model} ${version} --force --reason "…"`;
  return `${first}\n${describeSpec(spec)}${softmax}${next}`;
}
