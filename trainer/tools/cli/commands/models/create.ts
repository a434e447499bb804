/**
 * `holdfast create`: a new model's spec, from options, from a CSV's columns or from a file.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { randomHex } from '../../../../../shared/digest.ts';
import { encodedShape, encodedSize } from '../../../../../shared/model/spec/input.ts';
import { createModel } from '../../../../../shared/model/spec/load-spec.ts';
import {
  INPUT_KINDS,
  type InputKind,
  type Resize,
  RESIZES,
} from '../../../../../shared/model/spec/spec-bounds.ts';
import { inputSchema, type Spec, specSchema } from '../../../../../shared/model/spec/spec.ts';
import { sizeOf } from '../../../../../shared/model/plan/tensor.ts';
import { describeIssues } from '../../../../../shared/registry/store/json.ts';
import type { BaseManifest } from '../../../../../shared/registry/versions/base-manifest.ts';
import type { ObjectStore } from '../../../../../shared/registry/store/store.ts';
import { listBases } from '../../../../model-import/base-import.ts';
import { isPicture } from '../../../../model-import/model-input.ts';
import { reasonOf } from '../../../../data-import/readers/input-file.ts';
import { describeTaken } from '../../../../registry/delete-model.ts';
import { createContext } from '../../context.ts';
import { Failure, usageError } from '../../failure.ts';
import { describeSpec } from '../../spec-text.ts';
import { parseNetwork } from './network-option.ts';
import { addFromOptions, type FromOptions, type FromTable, inferParts } from './create-from.ts';
import { collect, commaList, example, finiteNumber, oneOf, wholeNumber } from '../../options.ts';

interface CreateOptions extends FromOptions {
  readonly input?: InputKind;
  readonly feature?: readonly string[];
  readonly labels?: readonly string[];
  readonly task?: Spec['task'];
  readonly target?: string;
  readonly unit?: string;
  readonly size?: Size;
  readonly shape?: readonly number[];
  readonly scale?: number;
  readonly offset?: number;
  readonly resize?: Resize;
  readonly base?: string;
  readonly head?: readonly number[];
  readonly network?: string;
  readonly description?: string;
  readonly window?: number;
  readonly keep?: number;
  readonly holdout?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly maxExamples?: number;
  readonly seed?: number;
  readonly promotion?: 'automatic' | 'manual';
  readonly schedule: boolean;
  readonly spec?: string;
}

interface Size {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** `holdfast create <model>`: writes its spec, and refuses a name that there is. */
export function addCreateCommand(program: Command): void {
  const command = program
    .command('create <model>')
    .description('describe a new model: input, labels, base, head and how it is trained and judged')
    .option('--input <kind>', INPUT_KINDS.join(', '), oneOf(INPUT_KINDS));
  addFromOptions(command)
    .option(
      '--feature <name[=a,b,c]>',
      'a number feature, or a category with its values; repeatable',
      collect,
    )
    .option('--labels <a,b,c>', 'labels, in the order of their indices', commaList)
    .option(
      '--task <task>',
      'classification or regression (default: as --from, --labels or --target say)',
      oneOf(['classification', 'regression']),
    )
    .option('--target <name>', 'the number that a regression predicts (with --from: its column)')
    .option('--unit <unit>', "the target's unit, like EUR or kWh")
    .option('--size <HxWxC>', 'image size: height, width, channels (1 or 3)', parseSize)
    .option('--shape <43x232x1>', 'shape of a tensor of numbers, without the batch', parseShape)
    .option('--scale <number>', 'images: the model sees pixel * scale + offset (default 1/255)', finiteNumber)
    .option('--offset <number>', 'images: see --scale', finiteNumber)
    .option(
      '--resize <how>',
      `image files of another size: ${RESIZES.join(', ')} (default stretch)`,
      oneOf(RESIZES),
    )
    .option('--base <digest>', 'imported base in front of the head (its first digits are enough)')
    .option(
      '--network <layers>',
      'layers before the head that are trained with it, of images and tensors: auto, or like "conv2d 16 3x3, maxPool, globalAveragePool"',
    )
    .option('--head <64,32>', 'hidden layers of the head, or none', parseHead)
    .option('--description <text>', 'what it is for')
    .option('--window <examples>', 'examples a window when a history is divided', wholeNumber(10))
    .option('--keep <windows>', 'past windows that are kept apart', wholeNumber(1))
    .option('--holdout <fraction>', 'share of examples that is never trained on', finiteNumber)
    .option('--epochs <n>', 'most epochs a run', wholeNumber(1))
    .option('--batch-size <n>', 'examples a step', wholeNumber(1))
    .option('--learning-rate <number>', "Adam's step size", finiteNumber)
    .option('--max-examples <n>', 'most training examples a run', wholeNumber(1))
    .option('--seed <n>', 'of initialisation, shuffling and sampling', wholeNumber(0))
    .option('--promotion <how>', 'automatic or manual', oneOf(['automatic', 'manual']))
    .option('--no-schedule', 'leave it out of the scheduled runs')
    .option('--spec <file>', 'start from a whole spec in JSON; other options change it')
    .addHelpText(
      'after',
      example(
        'create passengers --from passengers.csv',
        'create prices --from elec2.csv.gz --label class --ignore date',
        'create rents --from rents.csv --label rent --unit EUR',
        'create digits --input image --size 28x28x1 --labels 0,1,2,3,4,5,6,7,8,9',
        'create words --shape 43x232x1 --labels no,yes --network auto',
      ),
    )
    .action(create);
}

async function create(model: string, options: CreateOptions, command: Command): Promise<void> {
  const context = createContext(command);
  const store = context.openStore();
  const base = options.base === undefined ? null : await findBase(store, options.base);
  const inferred =
    options.from === undefined ? null : await inferParts(context, options.from, options, askedTask(options));
  const spec = await buildSpec(model, options, base, inferred);
  const used = base ?? (spec.base === null ? null : await findBase(store, spec.base));
  if (used !== null) checkSize(spec, used);
  if (!(await createModel(store, spec))) {
    throw new Failure(await describeTaken(store, model), 1, { kind: 'model-exists' });
  }
  const { salt: _, ...shown } = spec;
  const note = used === null ? null : describePixels(spec, used);
  const lines = [inferred?.text, `created ${model}`, describeSpec(spec), note];
  context.print(shown, () => lines.filter((line) => line !== null && line !== undefined).join('\n'));
}

function parseSize(text: string): Size {
  const match = /^(\d+)x(\d+)x([13])$/.exec(text);
  if (match === null)
    throw usageError(`--size: expected height x width x channels like 28x28x1 or 224x224x3, got ${text}`);
  return { height: Number(match[1]), width: Number(match[2]), channels: Number(match[3]) };
}

function parseShape(text: string): number[] {
  if (/^\d+(x\d+)*$/.test(text)) return text.split('x').map(Number);
  throw usageError(`--shape: expected sizes like 43x232x1 or 512, got ${text}`);
}

function parseHead(text: string): number[] {
  return text === 'none' ? [] : commaList(text).map(wholeNumber(1));
}

/** The one base whose digest begins so. */
async function findBase(store: ObjectStore, start: string): Promise<BaseManifest> {
  const found = (await listBases(store)).filter(({ digest }) => digest.startsWith(start));
  if (found.length === 1) return found[0] as BaseManifest;
  const hint = found.length === 0 ? 'see holdfast base list' : 'give more digits';
  throw new Failure(`${found.length} bases begin with ${start}: ${hint}`, 1, { kind: 'unknown-base' });
}

async function buildSpec(
  model: string,
  options: CreateOptions,
  base: BaseManifest | null,
  from: FromTable | null,
): Promise<Spec> {
  const given = options.spec === undefined ? {} : await readJsonFile(options.spec);
  const inferred = from?.parts ?? {};
  const spec = specSchema.safeParse({
    format: 'holdfast-spec/1',
    task: askedTask(options) ?? 'classification',
    salt: randomHex(32),
    ...given,
    ...inferred,
    ...fromOptions(options, { ...given, ...inferred }, base),
    name: model,
  });
  if (spec.success) return spec.data;
  const issues = describeIssues(spec.error);
  const hint = issues.includes('input: ') ? ' (give --from, --feature, --size or --shape, or a --spec)' : '';
  throw usageError(`the spec of ${model}: ${issues}${hint}`);
}

async function readJsonFile(path: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    throw usageError(`${path}: ${error instanceof SyntaxError ? 'expected JSON' : reasonOf(error)}`);
  }
  throw usageError(`${path}: expected a JSON object`);
}

/** What the options leave no doubt about; null leaves it to the label's values. */
function askedTask({ task, target, labels }: CreateOptions): Spec['task'] | null {
  if (task !== undefined) return task;
  if (target !== undefined) return 'regression';
  return labels === undefined ? null : 'classification';
}

/** What the options say, as parts of a spec; sections keep what the file says beside it. */
function fromOptions(
  options: CreateOptions,
  given: Readonly<Record<string, unknown>>,
  base: BaseManifest | null,
): object {
  const input = inputFrom(options, base);
  const network =
    options.network === undefined
      ? undefined
      : parseNetwork(options.network, shapeFrom(input ?? given['input']));
  const section = (name: string, values: Readonly<Record<string, unknown>>): object => {
    const set = withoutUndefined(values);
    return Object.keys(set).length === 0 ? {} : { [name]: { ...Object(given[name]), ...set } };
  };
  const { epochs, batchSize, learningRate, maxExamples, seed } = options;
  return {
    ...withoutUndefined({
      input,
      labels: options.labels,
      task: options.task,
      description: options.description,
      promotion: options.promotion,
      base: base?.digest,
      network,
      head: options.head?.map((units) => ({ units })),
      scheduled: options.schedule ? undefined : false,
    }),
    ...section('target', { name: options.target, unit: options.unit }),
    ...section('training', { epochs, batchSize, learningRate, maxExamples, seed }),
    ...section('window', { examples: options.window, keep: options.keep }),
    ...section('holdout', { fraction: options.holdout }),
  };
}

function inputFrom(
  { input, size, shape: tensor, scale, offset, resize, feature }: CreateOptions,
  base: BaseManifest | null,
): object | undefined {
  if (feature !== undefined) {
    if (input !== undefined && input !== 'tabular')
      throw usageError(`--feature describes tabular input, and --input says ${input}`);
    return { kind: 'tabular', features: feature.map(parseFeature) };
  }
  if (input === 'tensor' || tensor !== undefined || (input === undefined && readsTensor(base, size)))
    return { kind: 'tensor', shape: shapeOf(input, tensor, base) };
  const readsPictures = base !== null && isPicture(base.inputShape);
  if (input === 'tabular' || (input === undefined && size === undefined && !readsPictures)) return undefined;
  const shape = size ?? sizeOfBase(base);
  if (shape === null) throw usageError('an image needs its --size, like 28x28x1');
  const own = base?.wholePixels === true && scale === undefined && offset === undefined;
  return {
    kind: 'image',
    ...shape,
    ...(own ? { scale: 1, offset: 0 } : {}),
    ...withoutUndefined({ scale, offset, resize }),
  };
}

/** A base of neither pictures nor rows. */
function readsTensor(base: BaseManifest | null, size: Size | undefined): boolean {
  return base !== null && size === undefined && base.inputShape.length > 1 && !isPicture(base.inputShape);
}

/** The shape that is asked for, else that of the base. */
function shapeOf(
  input: InputKind | undefined,
  shape: readonly number[] | undefined,
  base: BaseManifest | null,
): readonly number[] {
  if (input !== undefined && input !== 'tensor')
    throw usageError(`--shape describes a tensor, and --input says ${input}`);
  const known = shape ?? base?.inputShape;
  if (known === undefined) throw usageError('a tensor needs its --shape, like 43x232x1');
  return known;
}

function sizeOfBase(base: BaseManifest | null): Size | null {
  const [height, width, channels] = base?.inputShape ?? [];
  return height === undefined || width === undefined || channels === undefined
    ? null
    : { height, width, channels };
}

/** Of an image or a tensor; null of anything else. */
function shapeFrom(input: unknown): readonly number[] | null {
  const parsed = inputSchema.safeParse(input);
  return parsed.success && parsed.data.kind !== 'tabular' ? encodedShape(parsed.data) : null;
}

function parseFeature(text: string): object {
  const at = text.indexOf('=');
  if (at === -1) return { name: text, type: 'number' };
  return { name: text.slice(0, at), type: 'category', values: commaList(text.slice(at + 1)) };
}

/** What a base that scales its own pixels makes of the spec's scale. */
function describePixels({ input }: Spec, base: BaseManifest): string | null {
  if (base.wholePixels !== true || input.kind !== 'image') return null;
  if (Math.abs(input.scale) > 0.1)
    return 'pixels     the base scales them itself, so it gets them as they are, 0 to 255';
  return `warning: pixels are scaled twice, by ${input.scale} and by the base itself: it was probably made for pixels as they are (--scale 1)`;
}

/** A base that reads something else would fail in the first run; better now. */
function checkSize({ input }: Spec, base: BaseManifest): void {
  const digest = base.digest.slice(0, 12);
  if (input.kind !== 'tabular') {
    const own = encodedShape(input).join('x');
    const wanted = base.inputShape.join('x');
    if (own !== wanted) throw usageError(`the base ${digest} reads ${wanted}, the spec says ${own}`);
    return;
  }
  if (base.inputShape.length === 3)
    throw usageError(
      `the base ${digest} reads images of ${base.inputShape.join('x')}, the spec says tabular`,
    );
  const numbers = sizeOf(base.inputShape);
  if (encodedSize(input) !== numbers)
    throw usageError(
      `the base ${digest} reads rows of ${numbers} numbers, the spec says ${encodedSize(input)}`,
    );
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
