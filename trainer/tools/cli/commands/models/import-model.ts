/**
 * `holdfast import-model`: a model that was trained elsewhere, as a version.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { importModel, type ImportedModel } from '../../../../model-import/model-import.ts';
import { type LabelsFile, parseLabels } from '../../../../model-import/labels-file.ts';
import { reasonOf } from '../../../../data-import/readers/input-file.ts';
import { createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import {
  INPUT_KINDS,
  type InputKind,
  type Resize,
  RESIZES,
} from '../../../../../shared/model/spec/spec-bounds.ts';
import type { Target } from '../../../../../shared/registry/versions/manifest.ts';
import { createProgressLine } from '../../output.ts';
import { describeSpec } from '../../spec-text.ts';
import { commaList, example, finiteNumber, oneOf } from '../../options.ts';

interface ImportModelOptions {
  readonly labels?: readonly string[];
  readonly labelsFile?: string;
  readonly target?: string;
  readonly unit?: string;
  readonly features?: readonly string[];
  readonly input?: InputKind;
  readonly scale?: number;
  readonly offset?: number;
  readonly resize?: Resize;
  readonly layer?: string;
  readonly numberDuplicates?: boolean;
}

/** `holdfast import-model <model> <source>`: the version is held, as no gate has judged it. */
export function addImportModelCommand(program: Command): void {
  program
    .command('import-model')
    .argument('<model>', 'made if it is not there')
    .argument('<source>', 'folder, model.json, .keras, .h5 or .zip file, URL or s3://bucket/prefix')
    .description(
      'publish a trained model of TensorFlow.js or Keras, a classifier or one that predicts a number, as a version: its dense layers as head, the rest as base',
    )
    .option('--labels <a,b,c>', 'a new classifier: labels, in the order of the outputs', commaList)
    .option('--labels-file <file>', 'the same: one a line, or a JSON list or object')
    .option('--number-duplicates', 'labels that stand twice become "crane" and "crane 2"')
    .option('--target <name>', 'a new regression: the number that its one output is')
    .option('--unit <unit>', "the target's unit, like EUR or kWh")
    .option('--features <a,b,c>', 'rows of numbers: their names, in order (default x1, x2, …)', commaList)
    .option(
      '--input <kind>',
      `what it reads: ${INPUT_KINDS.join(', ')} (default: by its files; 1 or 3 channels are an image)`,
      oneOf(INPUT_KINDS),
    )
    .option(
      '--scale <number>',
      'images: the model sees pixel * scale + offset (default: as its files say, else 1/255)',
      finiteNumber,
    )
    .option('--offset <number>', 'images: see --scale', finiteNumber)
    .option(
      '--resize <how>',
      `image files of another size: ${RESIZES.join(', ')} (default stretch)`,
      oneOf(RESIZES),
    )
    .option('--layer <name>', 'the layer or graph node that answers (default: the one output)')
    .addHelpText(
      'after',
      example(
        'import-model pets ./converted_tfjs.zip       # from Teachable Machine: labels and pixels as it says',
        'import-model things ./mobilenet_v1 --labels-file labels.json --scale 0.00784313725 --offset -1',
        'import-model rents ./rents-mlp --target rent --unit EUR --features size,distance,rooms',
        'promote things 1 --force --reason "served from the old site until today"',
      ),
    )
    .action(publish);
}

async function publish(
  model: string,
  source: string,
  options: ImportModelOptions,
  command: Command,
): Promise<void> {
  const context = createContext(command);
  if (options.labels !== undefined && options.labelsFile !== undefined)
    throw usageError('expected --labels or --labels-file, got both');
  const read = options.labelsFile === undefined ? null : await readLabels(options.labelsFile);
  const labels = options.labels ?? read?.labels ?? null;
  const target = readTarget(options);
  const progress = createProgressLine();
  const imported = unwrap(
    await importModel({
      store: context.openStore(),
      model,
      source,
      labels,
      target,
      features: options.features ?? null,
      kind: options.input ?? null,
      scale: options.scale,
      offset: options.offset,
      resize: options.resize,
      layer: options.layer ?? null,
      numberDuplicates: options.numberDuplicates === true,
      now: context.now(),
      openBucket: (location) => context.openBucket(location),
      onProgress: (text) => progress.update(text),
    }).finally(() => progress.close()),
  );
  const { warnings } = imported;
  const notes = [...(read?.note == null ? [] : [read.note]), ...imported.notes];
  context.print({ ...imported.manifest, notes, warnings }, () => describe({ ...imported, notes }));
}

function readTarget({ target: name, unit }: ImportModelOptions): Target | null {
  if (name === undefined && unit !== undefined)
    throw usageError("--unit is the target's: --target says what that is");
  return name === undefined ? null : { name, ...(unit !== undefined && { unit }) };
}

async function readLabels(path: string): Promise<LabelsFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw usageError(`${path}: ${reasonOf(error)}`);
  });
  return unwrap(parseLabels(text, path), 2);
}

/** What was changed about the end of the model, so that it is one of ours. */
const ENDINGS: Readonly<Record<ImportedModel['ending'], string>> = {
  softmax: '',
  number: '',
  logits: 'the model ends with logits: a softmax was added',
  sigmoid: 'the model ends with one sigmoid: it is the probability of the second label',
  logit: 'the model ends with one logit: a sigmoid was added, the probability of the second label',
};

function describe(imported: ImportedModel): string {
  const { manifest, spec, repeated, ending, endsWith, relativeError, notes, warnings } = imported;
  const { model, version } = manifest;
  const lines = [
    repeated
      ? `these files are version ${version} of ${model} already: nothing to do`
      : `imported version ${version} of ${model}`,
    describeSpec(spec),
    `checked    agrees with TensorFlow.js within ${relativeError.toExponential(1)} (relative)`,
    ENDINGS[ending],
    endsWith === null
      ? ''
      : `the model ends with ${endsWith}, no dense layer: one was added that changes nothing until it is trained`,
    ...notes,
    ...warnings.map((warning) => `warning: ${warning}`),
    `it is held, as the gate has not judged it: holdfast promote ${model} ${version} --force --reason "…"`,
  ];
  return lines.filter((line) => line !== '').join('\n');
}
