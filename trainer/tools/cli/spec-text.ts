/**
 * A spec in a few lines.
 */
import { DEFAULT_SCHEDULE, describeSchedule } from '../../../shared/registry/schedule.ts';
import { describeLayer } from '../../../shared/model/spec/network.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { outputActivation, outputWidth } from '../../../shared/model/spec/task.ts';
import type { Target } from '../../../shared/registry/versions/manifest.ts';
import { describeAugmentation } from '../../augment/describe.ts';
import { formatCount, formatFacts } from './output.ts';

const SHOWN = 10;

/** One fact a line. The salt is not among them. */
export function describeSpec(spec: Spec): string {
  const { training, window, holdout } = spec;
  return formatFacts([
    ...(spec.description === '' ? [] : [['description', spec.description] as const]),
    ['input', describeInput(spec)],
    describeTask(spec),
    ['base', spec.base?.slice(0, 12) ?? 'none: the head reads the input'],
    [spec.network ? 'network' : 'head', describeHead(spec)],
    [
      'training',
      `${training.epochs} epochs at most, batches of ${training.batchSize}, Adam at ${training.learningRate}, seed ${training.seed}`,
    ],
    ...(training.augmentation === null
      ? []
      : [['augmentation', describeAugmentation(training.augmentation)] as const]),
    ['window', `${formatCount(window.examples)} examples, ${window.keep} past windows kept apart`],
    ['holdout', `${holdout.fraction * 100} % of the examples, never trained on`],
    [
      'promotion',
      `${spec.promotion}${spec.scheduled ? `, retrained ${describeSchedule(spec.schedule ?? DEFAULT_SCHEDULE)}` : ', not scheduled'}`,
    ],
  ]);
}

function describeInput({ input, base }: Spec): string {
  if (input.kind === 'image') {
    const scale = Number(input.scale.toPrecision(4));
    const resize = input.resize ?? 'stretch';
    return `image ${input.height}x${input.width}x${input.channels} (${resize}), pixel * ${scale} + ${input.offset}`;
  }
  if (input.kind === 'tensor')
    return `tensor [${input.shape.join(', ')}], float32${base === null ? ', standardised by the last axis' : ''}`;
  const categories = input.features.filter(({ type }) => type === 'category').length;
  const kinds =
    categories === 0 ? 'numbers' : `${input.features.length - categories} numbers, ${categories} categories`;
  return `${input.features.length} features (${kinds}): ${describeList(input.features.map(({ name }) => name))}`;
}

function describeTask(spec: Spec): readonly [string, string] {
  return spec.task === 'classification'
    ? ['labels', describeList(spec.labels)]
    : ['target', describeTarget(spec.target)];
}

/** `price in EUR`. */
export function describeTarget({ name, unit }: Target): string {
  return unit === undefined ? name : `${name} in ${unit}`;
}

function describeHead(spec: Spec): string {
  const hidden = spec.head.map(({ units, activation }) => `${units} ${activation}`);
  return [
    ...(spec.network ?? []).map(describeLayer),
    ...hidden,
    `${outputWidth(spec)} ${outputActivation(spec)}`,
  ].join(' → ');
}

function describeList(items: readonly string[]): string {
  const more = items.length > SHOWN ? `, … (${items.length})` : '';
  return `${items.slice(0, SHOWN).join(', ')}${more}`;
}
