/**
 * `holdfast augment preview`: looking at what augmentation does before a model learns from it.
 */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Augmentation } from '../../../../../shared/model/spec/augmentation.ts';
import { fitConstants } from '../../../../../shared/model/spec/input.ts';
import { loadKernelModule } from '../../../../kernels/kernels-node.ts';
import { loadSpec } from '../../../../../shared/model/spec/load-spec.ts';
import type { InputSpec, Spec } from '../../../../../shared/model/spec/spec.ts';
import { describeAugmentation } from '../../../../augment/describe.ts';
import { layOutSheet } from '../../../../augment/preview/contact-sheet.ts';
import {
  type PreviewExample,
  previewPictures,
  previewRows,
  type PreviewSettings,
  type RowPreview,
} from '../../../../augment/preview/preview.ts';
import { readPreviewExamples } from '../../../../augment/preview/preview-examples.ts';
import {
  formatCell,
  renderPicturePreview,
  renderRowPreview,
} from '../../../../augment/preview/preview-page.ts';
import { readLoosePictures } from '../../../../data-import/readers/loose-pictures.ts';
import { encodePng } from '../../../../report/page/png.ts';
import { type Context, createContext } from '../../context.ts';
import { Failure, unwrap, usageError } from '../../failure.ts';
import { createProgressLine, formatCount, formatTable, style } from '../../output.ts';
import { example, wholeNumber } from '../../options.ts';

interface Options {
  readonly examples: number;
  readonly copies: number;
  readonly from?: string;
  readonly out?: string;
  readonly seed?: number;
}

/** Numbers are standardised by at least so many examples, however few are shown. */
const FITTED_TO = 1_000;

/** `holdfast augment preview`; nothing is trained, and only the page is written. */
export function addAugmentCommands(program: Command): void {
  const augment = program.command('augment').description('augmentation of training examples: preview');
  augment
    .command('preview <model>')
    .description(
      "show the model's training examples and augmented copies of them; nothing is trained or stored",
    )
    .option('--examples <n>', 'examples to show, every label in turn', wholeNumber(1), 8)
    .option('--copies <n>', 'copies of each', wholeNumber(1), 6)
    .option('--from <folder>', "pictures from a folder instead of the model's own examples")
    .option(
      '--out <file>',
      'a page (.html) or, of pictures, one sheet (.png); default: <model>-augmented.html',
    )
    .option('--seed <n>', "draws the copies (default: the spec's, as a run does)", wholeNumber(0))
    .addHelpText(
      'after',
      `
Ranges are the spec's training.augmentation: holdfast spec get <model> --json, edit, holdfast spec set <model> <file>.
${example('augment preview digits', 'augment preview cats --from ./photos --copies 8 --out sheet.png')}`,
    )
    .action(async (model: string, options: Options, command: Command) => {
      const context = createContext(command);
      const { spec } = unwrap(await loadSpec(context.openStore(), model));
      const { augmentation } = spec.training;
      if (augmentation === null) throw noAugmentation(spec);
      const { input } = spec;
      if (input.kind === 'tensor')
        throw new Failure(
          `the input of ${model} is a tensor, of which there is no picture: noise of ${augmentation.noise ?? 0} deviations of a channel is added to every number`,
          1,
          { kind: 'no-preview' },
        );
      const out = options.out ?? `${model}-augmented.html`;
      checkOptions(spec, options, out);
      const settings = { augmentation, seed: options.seed ?? spec.training.seed, copies: options.copies };
      const examples = await readExamples(context, spec, options, settings.seed);
      if (input.kind === 'image') await showPictures(context, { ...spec, input }, examples, settings, out);
      else await showRows(context, { ...spec, input }, examples, settings, out, options.examples);
    });
}

function noAugmentation({ name, input }: Spec): Failure {
  const ranges =
    input.kind === 'image'
      ? '{"rotation": 10, "shift": 0.1, "brightness": 0.1}'
      : input.kind === 'tensor'
        ? '{"noise": 0.1}'
        : '{"noise": 0.1, "featureDropout": 0.05}';
  const message = `the spec of ${name} has no training.augmentation: add for example ${ranges} with holdfast spec set (docs/augmentation.md)`;
  return new Failure(message, 1, { kind: 'no-augmentation' });
}

function checkOptions({ name, input }: Spec, { from }: Options, out: string): void {
  const ending = /\.(html|png)$/i.exec(out)?.[1]?.toLowerCase();
  if (ending === undefined)
    throw usageError(`--out: expected a name that ends with .html or .png, got ${out}`);
  if (input.kind === 'image') return;
  if (from !== undefined) throw usageError(`--from holds pictures, and the input of ${name} is tabular`);
  if (ending === 'png') throw usageError(`--out: a .png holds pictures, and the input of ${name} is tabular`);
}

async function readExamples(
  context: Context,
  spec: Spec,
  { examples, from }: Options,
  seed: number,
): Promise<PreviewExample[]> {
  if (from !== undefined && spec.input.kind === 'image') {
    const pictures = unwrap(await readLoosePictures(from, spec.input, examples));
    return pictures.map(({ name, raw }) => ({ id: name, label: null, raw }));
  }
  const line = createProgressLine();
  const count = spec.input.kind === 'image' ? examples : Math.max(examples, FITTED_TO);
  const read = await readPreviewExamples({
    store: context.openStore(),
    spec,
    count,
    seed,
    now: context.now(),
    onProgress: (fraction) => line.update(`reading examples ${Math.floor(100 * fraction)} %`),
  });
  line.close();
  return unwrap(read);
}

type SpecOf<Kind> = Spec & { readonly input: Extract<InputSpec, { kind: Kind }> };

async function showPictures(
  context: Context,
  { name, input }: SpecOf<'image'>,
  examples: readonly PreviewExample[],
  settings: PreviewSettings,
  out: string,
): Promise<void> {
  const previews = previewPictures(examples, input, settings, await loadKernelModule());
  const { height, width, channels } = input;
  const shape = { height, width, channels };
  const file = /\.png$/i.test(out)
    ? await encodePng(layOutSheet(previews, shape))
    : await renderPicturePreview(previews, shape, { name, ...settings });
  await writeFile(out, file);
  const shown = previews.map(({ id, label, copies }) => ({
    id,
    label,
    copies: copies.map(({ draw }) => draw),
  }));
  context.print({ ...describe(name, settings), file: out, examples: shown }, () =>
    summarize(name, settings, examples.length, out),
  );
}

async function showRows(
  context: Context,
  { name, input }: SpecOf<'tabular'>,
  examples: readonly PreviewExample[],
  settings: PreviewSettings,
  out: string,
  shown: number,
): Promise<void> {
  const constants = fitConstants(
    input,
    examples.map(({ raw }) => raw),
  );
  const previews = previewRows(examples, shown, input, constants, settings);
  const features = input.features.map(({ name }) => name);
  await writeFile(out, renderRowPreview(previews, features, { name, ...settings }));
  context.print({ ...describe(name, settings), file: out, features, examples: previews }, () =>
    [tableOf(previews, features), summarize(name, settings, previews.length, out)].join('\n'),
  );
}

function describe(model: string, { augmentation, seed, copies }: PreviewSettings) {
  return { model, seed, copies, augmentation };
}

function summarize(
  name: string,
  { augmentation, copies, seed }: PreviewSettings,
  examples: number,
  out: string,
): string {
  const text = `${name}: ${formatCount(examples)} examples, ${copies} copies each, seed ${seed}`;
  return [text, style('dim', describeRanges(augmentation)), `saved ${out}`].join('\n');
}

function describeRanges(augmentation: Augmentation): string {
  const mixed = augmentation.mixup > 0 ? ' (mixup is for batches in training, and not shown)' : '';
  return `${describeAugmentation(augmentation)}${mixed}`;
}

/** Columns that a terminal shows; the page has more. */
const SHOWN_FEATURES = 8;

function tableOf(previews: readonly RowPreview[], features: readonly string[]): string {
  const shown = features.slice(0, SHOWN_FEATURES);
  const columns = [
    { title: 'EXAMPLE' },
    ...shown.map((title) => ({ title, align: 'right' as const })),
    ...(features.length > shown.length ? [{ title: `and ${features.length - shown.length} more` }] : []),
  ];
  return formatTable(
    columns,
    previews.flatMap(({ id, label, original, copies }) => [
      [style('bold', `${label ?? ''} ${id}`), ...original.slice(0, shown.length).map(formatCell)],
      ...copies.map((copy, i) => [
        style('dim', `copy ${i + 1}`),
        ...copy
          .slice(0, shown.length)
          .map((cell, at) => (cell === original[at] ? formatCell(cell) : style('cyan', formatCell(cell)))),
      ]),
    ]),
  );
}
