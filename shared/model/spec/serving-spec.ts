/**
 * The part of a spec that a prediction depends on. What a model is trained and judged by is read elsewhere
 * (load-spec.ts), and a mistake in it keeps nobody from being answered.
 */
import {
  anyNumber,
  anyString,
  has,
  integer,
  list,
  nullable,
  numberBetween,
  oneOf,
  optional,
  tagged,
} from '../../checks.ts';
import { isDigest } from '../../registry/versions/base-manifest.ts';
import { loadChecked } from '../../registry/store/json.ts';
import { keys } from '../../registry/store/keys.ts';
import type { ObjectStore } from '../../registry/store/store.ts';
import { ok, type Result } from '../../result.ts';
import { type SpecError, toSpec } from './find-spec.ts';
import {
  DATE_ORDERS,
  DATE_PARTS,
  DECIMALS,
  LOGGING_DEFAULTS,
  MAX_DIMENSIONS,
  MAX_FEATURES,
  MAX_LABELS,
  MAX_NUMBERS,
  MAX_PIXELS,
  MAX_RARE,
  MAX_VALUES,
  MIN_LABELS,
  PIXEL_DEFAULTS,
  RESIZES,
  SPEC_FORMAT,
} from './spec-bounds.ts';
import type { ClassificationSpec, RegressionSpec } from './spec.ts';

type Served = 'name' | 'task' | 'input' | 'base' | 'logging' | 'salt';

export type ServingSpec =
  Pick<ClassificationSpec, Served | 'labels'> | Pick<RegressionSpec, Served | 'target'>;

const missing = optional(oneOf(true));
const feature = tagged('type', {
  number: has({ name: anyString, missing, decimal: optional(oneOf(...DECIMALS)) }),
  category: has({
    name: anyString,
    values: list(anyString, 1, MAX_VALUES),
    rare: optional(integer(1, MAX_RARE)),
    missing,
  }),
  date: has({
    name: anyString,
    parts: list(oneOf(...DATE_PARTS), 1, DATE_PARTS.length),
    order: optional(oneOf(...DATE_ORDERS)),
    missing,
  }),
});
const side = integer(1, MAX_PIXELS);
const input = tagged('kind', {
  tabular: has({ features: list(feature, 1, MAX_FEATURES) }),
  image: has({
    height: side,
    width: side,
    channels: oneOf(1, 3),
    scale: optional(anyNumber),
    offset: optional(anyNumber),
    resize: optional(oneOf(...RESIZES)),
  }),
  tensor: has({ shape: list(integer(1, MAX_NUMBERS), 1, MAX_DIMENSIONS) }),
});

const common = {
  format: oneOf(SPEC_FORMAT),
  name: anyString,
  input,
  base: optional(nullable(isDigest)),
  logging: optional(has({ rate: optional(numberBetween(0, 1)) })),
  salt: isDigest,
};
const spec = tagged('task', {
  classification: has({ ...common, labels: list(anyString, MIN_LABELS, MAX_LABELS) }),
  regression: has({ ...common, target: has({ name: anyString, unit: optional(anyString) }) }),
});

/** As `loadSpec`, of the part that serving needs. */
export async function loadServingSpec(
  store: ObjectStore,
  model: string,
): Promise<Result<ServingSpec, SpecError>> {
  const found = toSpec(model, await loadChecked<ServingSpec>(store, keys.spec(model), spec));
  return found.ok ? ok(complete(found.value.value)) : found;
}

/** One that was written by hand may leave out what has a default. */
function complete(stored: ServingSpec): ServingSpec {
  const { base, logging, input } = stored;
  return {
    ...stored,
    base: base ?? null,
    logging: { ...LOGGING_DEFAULTS, ...logging },
    input: input.kind === 'image' ? { ...PIXEL_DEFAULTS, ...input } : input,
  };
}
