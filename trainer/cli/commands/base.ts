/**
 * `holdfast base`: pretrained feature extractors, imported once and shared by all models.
 */
import type { Command } from 'commander';
import { importBase, type ImportedBase, listBases } from '../../node/base-import.ts';
import type { Pooling } from '../../node/base-reference.ts';
import { createContext } from '../context.ts';
import { unwrap } from '../failure.ts';
import { formatFacts, formatTable, relativeTime } from '../output.ts';
import { example, oneOf } from './options.ts';

interface BaseImportOptions {
  readonly output?: string;
  readonly pooling: Pooling;
}

export function addBaseCommands(program: Command): void {
  const base = program.command('base').description('pretrained bases: import, list');
  base
    .command('import <folder|url>')
    .description('import a tfjs LayersModel, compile it for the edge and compare the two')
    .option('--output <layer>', 'layer whose output becomes the features (default: the model’s own)')
    .option(
      '--pooling <how>',
      'none, average or flatten',
      oneOf<Pooling>(['none', 'average', 'flatten']),
      'none',
    )
    .addHelpText(
      'after',
      example('base import ./mobilenet_v1_0.25_224 --output conv_pw_13_relu --pooling average'),
    )
    .action(async (source: string, options: BaseImportOptions, command: Command) => {
      const context = createContext(command);
      const { output = null, pooling } = options;
      const request = { store: context.openStore(), source, output, pooling, now: context.now() };
      const imported = unwrap(await importBase(request));
      context.print({ ...imported.manifest, repeated: imported.repeated }, () => describe(imported));
    });
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
