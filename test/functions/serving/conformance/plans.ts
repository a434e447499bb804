/**
 * Which model of ours each case is put to. Names are those of the case's model in the words of ours; nothing else of a
 * request is changed, but for the batch, where a case has none, and for Triton's "simple" model: it has two inputs of 16 numbers and is played by one of a single
 * input, which the cases fill with the same numbers.
 */
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import {
  diagonal,
  greyImage,
  type LinearModel,
  numbers,
  serveLinearModel,
  toSpec,
  words,
} from './linear-model.ts';

export interface Plan {
  /** Takes the place of the model's name in the path; absent: the path stays. */
  readonly model?: string;
  /** Strings of the body, by what takes their place. */
  readonly rename?: Readonly<Record<string, string>>;
  /** A piece of the body's text, and what takes its place. */
  readonly replace?: readonly [string, string];
  /** The input of Triton's "simple" that is left out. */
  readonly without?: 'INPUT1';
}

const QUESTION = 'What President is credited with the original notion of putting Americans in space?';
const VOCABULARY = [
  'hello',
  'world',
  'one',
  'two',
  'three',
  'foo',
  'bar',
  'hello world',
  'Python is fun',
  'true',
  'false',
  QUESTION,
];
const LETTERS = ['a', 'b', 'c', 'd'];

const WAITING: LinearModel = { name: 'waiting', input: numbers('x'), labels: null };

const MODELS: readonly LinearModel[] = [
  { name: 'identity-1', input: numbers('x'), labels: null, kernel: [1] },
  { name: 'half-plus-two', input: numbers('x'), labels: null, kernel: [0.5], bias: [2], version: 123 },
  { name: 'half-plus-three', input: numbers('x'), labels: null, kernel: [0.5], bias: [3] },
  {
    name: 'half-plus-two-of-2',
    input: numbers('x', 'y'),
    labels: ['a', 'b'],
    kernel: diagonal(2, 0.5),
    bias: [2, 2],
    version: 123,
  },
  {
    name: 'half-as-class',
    input: numbers('x'),
    labels: ['a', 'b'],
    kernel: [0.5, 0],
    bias: [2, 0],
    version: 123,
  },
  { name: 'identity-2', input: numbers('a', 'b'), labels: ['a', 'b'], kernel: diagonal(2, 1) },
  {
    name: 'identity-3',
    input: numbers('INPUT0', 'INPUT1', 'INPUT2'),
    labels: ['a', 'b', 'c'],
    kernel: diagonal(3, 1),
  },
  { name: 'identity-4', input: numbers('p', 'q', 'r', 's'), labels: LETTERS, kernel: diagonal(4, 1) },
  { name: 'sum-3', input: numbers('u', 'v', 'w'), labels: null, kernel: [1, 1, 1] },
  {
    name: 'double-16',
    input: numbers(...Array.from({ length: 16 }, (_, i) => `n${i}`)),
    labels: Array.from({ length: 16 }, (_, i) => `class ${i}`),
    kernel: diagonal(16, 2),
  },
  { name: 'scores-4', input: numbers('p', 'q', 'r', 's'), labels: LETTERS, bias: [1.1, 3.3, 0.5, 2.4] },
  { name: 'words-1', input: words(VOCABULARY, 'word'), labels: ['a', 'b'] },
  { name: 'words-2', input: words(VOCABULARY, 'first', 'second'), labels: ['a', 'b'] },
  { name: 'words-3', input: words(VOCABULARY, 'INPUT0', 'INPUT1', 'INPUT2'), labels: ['a', 'b'] },
  { name: 'image-3-2', input: greyImage(3, 2), labels: ['a', 'b'] },
  {
    name: 'seen',
    input: {
      kind: 'tabular',
      features: [
        { name: 'image', type: 'category', values: ['image bytes', 'awesome image bytes'] },
        { name: 'caption', type: 'category', values: ['seaside', 'mountains'] },
      ],
    },
    labels: ['a', 'b'],
  },
  {
    name: 'houses',
    input: {
      kind: 'tabular',
      features: [
        ...['LotArea', 'YrSold', 'OverallQual', 'YearBuilt', 'GarageArea'].map((name) => ({
          name,
          type: 'number' as const,
        })),
        ...Object.entries({
          MSZoning: 'RL',
          LotShape: 'Reg',
          Utilities: 'AllPub',
          Neighborhood: 'CollgCr',
          SaleType: 'WD',
        }).map(([name, value]) => ({ name, type: 'category' as const, values: [value, 'other'] })),
      ],
    },
    labels: null,
  },
  { name: 'modelname', input: numbers('x'), labels: null, version: 99 },
];

/** Serves every model that a case may be put to; `waiting` has no version yet. */
export async function serveModels(store: ObjectStore): Promise<void> {
  await createModel(store, toSpec(WAITING));
  for (const model of MODELS) await serveLinearModel(store, model);
}

/** The names of a category's values by index, as what was logged has them. */
export function readWord(model: string, index: number): string | undefined {
  const { input } = MODELS.find(({ name }) => name === model) ?? WAITING;
  const feature = input.kind === 'tabular' ? input.features[0] : undefined;
  return feature?.type === 'category' ? feature.values[index] : undefined;
}

/** `tfs-predict-001`, … from a range of numbers. */
function each(prefix: string, ids: readonly number[], plan: Plan): [string, Plan][] {
  return ids.map((id) => [`${prefix}-${String(id).padStart(3, '0')}`, plan]);
}

const x = (model: string, name: string): Plan => ({ model, rename: { [name]: 'x' } });
const SIMPLE: Plan = {
  model: 'double-16',
  rename: { INPUT0: 'input', OUTPUT0: 'probabilities', OUTPUT1: 'label' },
  without: 'INPUT1',
};
const SUM: Plan = { model: 'sum-3', rename: { 'requested-output-0': 'prediction' } };
const WORD: Plan = { model: 'words-1' };
const SIGNATURES = {
  predict_images: 'tensorflow/serving/predict',
  regress_x_to_y: 'tensorflow/serving/regress',
  classify_x_to_y: 'tensorflow/serving/classify',
  classify_objects: 'serving_default',
};
const REGRESS: Plan = { model: 'half-plus-two', rename: SIGNATURES };

const PLANS = new Map<string, Plan>([
  ...each('tfs-predict', [1, 21, 22, 23, 24, 26, 36], { model: 'identity-2' }),
  ...each('tfs-predict', [2, 3, 4, 5, 6, 7, 8, 9, 18, 19, 20, 25, 42, 43, 75], x('identity-1', 'default')),
  ...each('tfs-predict', [31, 32, 33, 34, 35, 37, 38, 39, 40, 41], { model: 'identity-1' }),
  ...each('tfs-predict', [10], { model: 'identity-2', rename: SIGNATURES }),
  ...each('tfs-predict', [11, 12, 47, 48, 78], WORD),
  ...each('tfs-predict', [13], { model: 'words-2', rename: { default: 'input' } }),
  ...each('tfs-predict', [14, 17, 27, 28, 29, 30, 66, 67, 68], { model: 'identity-3' }),
  ...each('tfs-predict', [15, 16, 77], {
    model: 'image-3-2',
    rename: { int_tensor: 'input', data: 'input' },
  }),
  ...each('tfs-predict', [44, 45, 46, 69, 71], { model: 'identity-2' }),
  ...each('tfs-predict', [49], { model: 'half-plus-two-of-2' }),
  ...each('tfs-predict', [50, 51, 52, 53, 57, 58, 59, 60, 61, 64, 65], { model: 'half-plus-two' }),
  ...each('tfs-predict', [62], { model: 'half-plus-three' }),
  ...each('tfs-predict', [72], { model: 'waiting' }),
  ...each('tfs-predict', [73, 74], { model: 'identity-4' }),
  ...each('tfs-predict', [76], { model: 'houses' }),

  ...each('tfs-classify-regress', [1, 3], {
    model: 'half-as-class',
    rename: { custom_signture: 'serving_default' },
  }),
  ...each('tfs-classify-regress', [2, 4, 5, 6, 7, 8, 9, 10, 11, 12], {
    model: 'half-plus-two',
    rename: { names: 'x' },
  }),
  ...each('tfs-classify-regress', [13, 14], REGRESS),
  ...each('tfs-classify-regress', [15, 16], { model: 'half-as-class', rename: SIGNATURES }),
  ...each('tfs-classify-regress', [17], { model: 'half-plus-three' }),
  ...each('tfs-classify-regress', [18], { model: 'seen', rename: SIGNATURES }),

  ...each('tfs-url', [26, 27], { model: 'half-plus-two' }),

  ...each('oip-endpoint', [3, 5, 7, 11], { model: 'identity-1' }),

  ...each('oip-infer', [1, 2], { model: 'identity-2', rename: { output0: 'probabilities' } }),
  ...each('oip-infer', [3, 4], { model: 'identity-2' }),
  ...each('oip-infer', [5, 6, 7, 8, 13], SUM),
  ...each('oip-infer', [9], { model: 'identity-1', rename: { predict: 'prediction' } }),
  ...each('oip-infer', [10], {
    model: 'identity-3',
    rename: { predict: 'label', predict_proba: 'probabilities' },
  }),
  ...each('oip-infer', [11, 12], {
    model: 'half-as-class',
    rename: { predict: 'label', predict_proba: 'probabilities' },
  }),
  ...each('oip-infer', [15, 16, 18, 19, 21, 23, 26, 32, 33, 34, 35, 36, 47, 48, 49, 52, 53], {
    model: 'identity-1',
  }),
  ...each('oip-infer', [17], { model: 'identity-3' }),
  ...each('oip-infer', [20, 24, 25, 27, 50, 51], WORD),
  ...each('oip-infer', [22, 28, 29], { model: 'identity-2' }),
  ...each('oip-infer', [30, 37], { model: 'identity-4' }),
  ...each('oip-infer', [31], { model: 'identity-4', rename: { fp32_output: 'probabilities' } }),
  ...each('oip-infer', [38, 39], { model: 'image-3-2' }),
  ...each('oip-infer', [40, 41, 42, 43, 44], SIMPLE),
  ...each('oip-infer', [45, 46], { model: 'double-16' }),
  ...each('oip-infer', [54], { model: 'double-16' }),
  ...each('oip-infer', [55, 56], { model: 'identity-3' }),
  ...each('oip-infer', [57], {
    model: 'scores-4',
    rename: { output0: 'probabilities' },
    replace: ['[ 2, 2 ]', '[ 1, 4 ]'],
  }),

  ...each('oip-binary', [1, 2, 3, 12], { model: 'identity-1' }),
  ...each('oip-binary', [4], SIMPLE),
  ...each('oip-binary', [5, 6], { model: 'double-16' }),
  ...each('oip-binary', [7, 8], { model: 'identity-1' }),
  ...each('oip-binary', [9], { model: 'words-3' }),
  ...each('oip-binary', [10], { model: 'identity-3' }),
  ...each('oip-binary', [11], WORD),
]);

/** Cases without one name a model that does not exist, or none. */
export function planOf(id: string): Plan {
  return PLANS.get(id) ?? {};
}
