/**
 * `holdfast base`: pretrained feature extractors, imported once and shared by all models.
 */
import type { Command } from 'commander';
import {
  importBase,
  type ImportedBase,
  listBases,
  type PoolingChoice,
} from '../../../../model-import/base-import.ts';
import { createContext } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { createProgressLine, formatFacts, formatTable, relativeTime } from '../../output.ts';
import { example, oneOf } from '../../options.ts';

interface BaseImportOptions {
  readonly layer?: string;
  readonly pooling: PoolingChoice;
}

/** `holdfast base import` and `base list`; both need the bucket itself. */
export function addBaseCommands(program: Command): void {
  const base = program.command('base').description('pretrained bases: import, list');
  addImport(base);
  addList(base);
}

function addImport(base: Command): void {
  base
    .command('import <source>')
    .description(
      'import a model of TensorFlow.js or Keras (folder, .keras, .h5 or .zip file, URL or s3://bucket/prefix), compile it for the edge and compare the two',
    )
    .option(
      '--layer <name>',
      'layer or graph node whose output becomes the features (default: the model’s own)',
    )
    .option(
      '--pooling <how>',
      'auto (the average of what has height and width), none, average or flatten',
      oneOf<PoolingChoice>(['auto', 'none', 'average', 'flatten']),
      'auto',
    )
    .addHelpText(
      'after',
      example(
        'base import ./mobilenet_v1_0.25_224 --layer conv_pw_13_relu',
        'base import https://example.com/mobilenet_v2/model.json --layer out_relu',
      ),
    )
    .action(async (source: string, options: BaseImportOptions, command: Command) => {
      const context = createContext(command);
      const { layer = null, pooling } = options;
      const progress = createProgressLine();
      const imported = unwrap(
        await importBase({
          store: context.openStore(),
          source,
          output: layer,
          pooling,
          now: context.now(),
          openBucket: (location) => context.openBucket(location),
          onProgress: (text) => progress.update(text),
        }).finally(() => progress.close()),
      );
      context.print({ ...imported.manifest, repeated: imported.repeated }, () => describe(imported));
    });
}

function addList(base: Command): void {
  base
    .command('list')
    .description('the imported bases')
    .addHelpText('after', example('base list'))
    .action(async (_options: unknown, command: Command) => {
      const context = createContext(command);
      const bases = await listBases(context.openStore());
      context.print(bases, () => {
        if (bases.length === 0) return 'no bases yet: holdfast base import brings one in';
        return formatTable(
          [
            { title: 'BASE' },
            { title: 'INPUT' },
            { title: 'OUTPUT' },
            { title: 'POOLING' },
            { title: 'FEATURES', align: 'right' },
            { title: 'IMPORTED' },
            { title: 'SOURCE' },
          ],
          bases.map((item) => [
            item.digest.slice(0, 12),
            item.inputShape.join('x'),
            item.output,
            item.pooling,
            String(item.featureSize),
            relativeTime(item.createdAt, context.now()),
            item.source,
          ]),
        );
      });
    });
}

function describe({ manifest, repeated, relativeError }: ImportedBase): string {
  const { digest, inputShape, output, pooling, featureSize, files } = manifest;
  const bytes = files['edge.json'].bytes + files['edge.bin'].bytes;
  const facts = formatFacts([
    ['base', digest],
    ['input', inputShape.join('x')],
    ...(manifest.wholePixels === true
      ? [['pixels', 'scaled by the base itself: create gives it them as they are, 0 to 255'] as const]
      : []),
    ['features', `${featureSize} (layer ${output}, pooling ${pooling})`],
    ['edge plan', `${(bytes / 1_000).toFixed(0)} kB`],
    ...(relativeError === null
      ? []
      : [
          [
            'checked',
            `agrees with TensorFlow.js within ${relativeError.toExponential(1)} (relative)`,
          ] as const,
        ]),
  ]);
  return `${repeated ? 'this base was imported before: nothing to do' : 'imported a base'}\n${facts}`;
}
