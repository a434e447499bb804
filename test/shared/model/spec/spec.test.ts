import { describe, expect, test } from 'vitest';
import { specSchema } from '../../../../shared/model/spec/spec.ts';
import { describeIssues } from '../../../../shared/registry/store/json.ts';

const SALT = 'ab'.repeat(32);
const NUMBER = { name: 'x', type: 'number' };
const TABULAR = { kind: 'tabular', features: [NUMBER] };
const IMAGE = { kind: 'image', height: 28, width: 28, channels: 1 };
const least = {
  format: 'holdfast-spec/1',
  name: 'digits',
  task: 'classification',
  input: IMAGE,
  labels: ['0', '1'],
  salt: SALT,
};

const refusal = (changes: object): string => {
  const parsed = specSchema.safeParse({ ...least, ...changes });
  if (parsed.success) throw new Error('expected a refusal');
  return describeIssues(parsed.error);
};

test('the least that can be said gets these defaults', () => {
  expect(specSchema.parse(least)).toMatchObject({
    ...least,
    description: '',
    input: { ...IMAGE, scale: 1 / 255, offset: 0 },
    base: null,
    head: [{ units: 64, activation: 'relu', dropout: 0 }],
    training: {
      epochs: 40,
      batchSize: 32,
      learningRate: 0.001,
      patience: 5,
      continuity: { watch: true },
      distillation: { kind: 'focal', weight: 0.5 },
      validation: 0.1,
      maxExamples: 10_000,
      start: 'champion',
      seed: 1,
      augmentation: null,
    },
    holdout: { fraction: 0.1 },
    window: { examples: 1_000, keep: 12 },
    promotion: 'automatic',
    scheduled: true,
    logging: { rate: 1 },
  });
});

test('a part that is given keeps the defaults of what it leaves out', () => {
  const spec = specSchema.parse({ ...least, training: { epochs: 5 }, head: [{ units: 8 }] });
  expect(spec.training).toMatchObject({ epochs: 5, batchSize: 32, patience: 5 });
  expect(spec.head).toEqual([{ units: 8, activation: 'relu', dropout: 0, normalization: 'none' }]);
});

test('a head over a base is wide where nothing else is said', () => {
  const wide = specSchema.parse({ ...least, base: 'ab'.repeat(32) });
  expect(wide.head).toMatchObject([{ units: 1_024, activation: 'relu' }]);
});

test('a class weight for a label that is not there is refused by name', () => {
  const parsed = specSchema.safeParse({ ...least, training: { classWeights: { 'no such label': 2 } } });
  expect(parsed.error?.issues[0]).toMatchObject({
    path: ['training', 'classWeights'],
    message: 'expected one of the labels, got "no such label"',
  });
});

test('a spec that was parsed parses to itself', () => {
  const spec = specSchema.parse({ ...least, head: [], input: TABULAR });
  expect(specSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
});

describe('augmentation', () => {
  const parse = (augmentation: object, input: object = IMAGE) =>
    specSchema.parse({ ...least, input, training: { augmentation } }).training.augmentation;

  test('stays as it was written, with how many copies and how much is mixed beside it', () => {
    expect(parse({ rotation: 15, scale: [0.9, 1.1] })).toEqual({
      copies: 2,
      mixup: 0,
      rotation: 15,
      scale: [0.9, 1.1],
    });
    expect(parse({ noise: 0.1, featureDropout: 0.05 }, TABULAR)).toMatchObject({ featureDropout: 0.05 });
    expect(parse({ mixup: 0.2 }, TABULAR)).toEqual({ copies: 2, mixup: 0.2 });
  });

  test.each([
    [
      TABULAR,
      { rotation: 10 },
      'training.augmentation.rotation: expected nothing: it is for images, and this input is tabular',
    ],
    [
      IMAGE,
      { featureDropout: 0.1 },
      'training.augmentation.featureDropout: expected nothing: it is for tabular examples, and this input is images',
    ],
    [IMAGE, {}, 'training.augmentation: expected a range that changes something; null augments nothing'],
    [
      IMAGE,
      { rotation: 0, fill: 0, scale: [1, 1] },
      'training.augmentation: expected a range that changes something; null augments nothing',
    ],
    [IMAGE, { scale: [1.2, 0.8] }, 'training.augmentation.scale: expected the smaller factor first'],
  ])('for %j refuses %j', (input, augmentation, message) => {
    expect(refusal({ input, training: { augmentation } })).toBe(message);
  });

  test.each([
    ['rotation', 181],
    ['shift', -0.1],
    ['crop', 0],
    ['cutout', 1],
    ['mixup', 1.5],
    ['copies', 0],
    ['fill', 256],
    ['fill', 'black'],
    ['scale', [0.1, 1]],
    ['blur', 1],
  ])('refuses %s of %j', (name, value) => {
    expect(refusal({ training: { augmentation: { brightness: 0.1, [name]: value } } })).toMatch(
      /^training\.augmentation/,
    );
  });
});

describe('a refusal', () => {
  const category = (values: readonly string[]) => ({
    input: { kind: 'tabular', features: [{ name: 'c', type: 'category', values }] },
  });

  test.each([
    [
      'name',
      { name: '-digits' },
      'name: expected 1 to 128 of letters, digits, ., _ and -, not starting with . or -, and not stats',
    ],
    [
      'name',
      { name: 'a/b' },
      'name: expected 1 to 128 of letters, digits, ., _ and -, not starting with . or -, and not stats',
    ],
    ['labels', { labels: ['a', 'a'] }, 'labels: expected different labels'],
    [
      'features',
      { input: { kind: 'tabular', features: [NUMBER, NUMBER] } },
      'input.features: expected different feature names',
    ],
    ['values', category(['a', 'a']), 'input.features.0.values: expected different values'],
    [
      'augmentation of rows that a base has read',
      { base: SALT, input: TABULAR, training: { augmentation: { noise: 0.1 } } },
      'training.augmentation: expected mixup alone: of rows that a base has read there are no copies',
    ],
    ['salt', { salt: 'secret' }, 'salt: expected a SHA-256 in hexadecimal'],
    ['base', { base: 'mobilenet' }, 'base: expected a SHA-256 in hexadecimal'],
  ])('says what is wrong with %s', (_name, changes, message) => {
    expect(refusal(changes)).toBe(message);
  });

  test.each([
    ['format', { format: 'holdfast-spec/2' }],
    ['task', { task: 'clustering' }],
    ['labels', { labels: ['only one'] }],
    ['labels.1', { labels: ['a', ''] }],
    ['input.kind', { input: { kind: 'audio' } }],
    ['input.channels', { input: { ...IMAGE, channels: 4 } }],
    ['input.height', { input: { ...IMAGE, height: 0 } }],
    ['input.width', { input: { ...IMAGE, width: 1_025 } }],
    ['input.scale', { input: { ...IMAGE, scale: Infinity } }],
    ['input.features', { input: { kind: 'tabular', features: [] } }],
    ['input.features.0.type', { input: { kind: 'tabular', features: [{ name: 'x', type: 'text' }] } }],
    ['input.features.0.values', category(['one'])],
    ['head.0.units', { head: [{ units: 0 }] }],
    ['head.0.dropout', { head: [{ units: 8, dropout: 1 }] }],
    ['head.0.activation', { head: [{ units: 8, activation: 'softmax' }] }],
    ['head', { head: Array.from({ length: 9 }, () => ({ units: 8 })) }],
    ['training.epochs', { training: { epochs: 0 } }],
    ['training.learningRate', { training: { learningRate: 0 } }],
    ['training.validation', { training: { validation: 0 } }],
    ['training.seed', { training: { seed: 2 ** 32 } }],
    ['training.start', { training: { start: 'best' } }],
    ['holdout.fraction', { holdout: { fraction: 0.01 } }],
    ['holdout.fraction', { holdout: { fraction: 0.6 } }],
    ['window.examples', { window: { examples: 9 } }],
    ['window.keep', { window: { keep: 0 } }],
    ['promotion', { promotion: 'never' }],
    ['scheduled', { scheduled: 'daily' }],
    ['logging.rate', { logging: { rate: 1.1 } }],
  ])('names the place: %s', (place, changes) => {
    expect(refusal(changes)).toMatch(new RegExp(`^${place.replaceAll('.', '\\.')}: `));
  });

  test.each([
    ['of the spec', { learning_rate: 1 }, 'Unrecognized key: "learning_rate"'],
    ['of a part', { training: { epoch: 3 } }, 'training: Unrecognized key: "epoch"'],
    ['of the input', { input: { ...IMAGE, depth: 8 } }, 'input: Unrecognized key: "depth"'],
  ])(
    'names an unknown key %s, so that a misspelt setting is never just ignored',
    (_name, changes, message) => {
      expect(refusal(changes)).toBe(message);
    },
  );

  test('names every place at once', () => {
    expect(refusal({ name: '-a', labels: ['a', 'a'], salt: '' }).split('; ')).toHaveLength(3);
  });
});

describe('a network', () => {
  const SMALL = [{ type: 'conv2d', filters: 4 }, { type: 'maxPool' }, { type: 'flatten' }];

  test('gets its defaults, and leaves no trace where there is none', () => {
    expect(specSchema.parse({ ...least, network: SMALL }).network).toEqual([
      {
        type: 'conv2d',
        filters: 4,
        kernelSize: 3,
        strides: 1,
        padding: 'same',
        activation: 'relu',
      },
      { type: 'maxPool', size: 2, padding: 'valid' },
      { type: 'flatten' },
    ]);
    expect('network' in specSchema.parse(least)).toBe(false);
    expect('unfreeze' in specSchema.parse(least).training).toBe(false);
  });

  test.each([
    [
      { network: [SMALL[0], SMALL[1]] },
      'network.1: maxPool: gives the shape [14,14,4], a head reads a flat one: end with globalAveragePool or flatten',
    ],
    [
      { network: [{ type: 'conv2d', filters: 4, kernelSize: 30, padding: 'valid' }, { type: 'flatten' }] },
      'network.0: conv2d: a window of 30 does not fit the shape [28,28,1]',
    ],
    [
      { network: [{ type: 'flatten' }, { type: 'maxPool' }] },
      'network.1: maxPool: expected [height, width, channels], got the shape [784]',
    ],
    [{ network: SMALL, input: TABULAR }, 'network: expected none: a network reads images'],
    [{ network: SMALL, base: SALT }, 'network: expected none: a network takes the place of a base'],
    [
      { training: { unfreeze: { from: 'top' } } },
      'training.unfreeze: expected none: there is no base that could be unfrozen',
    ],
    [
      { base: SALT, training: { unfreeze: { from: 'top', blocks: 1 } } },
      'training.unfreeze: expected either from or blocks',
    ],
  ])('refuses %j by name', (changes, message) => {
    expect(refusal(changes)).toContain(message);
  });
});
