/**
 * What the model sees of a row: numbers in their standard deviations, categories one-hot, dates as points on circles and
 * their age; and, where a feature may be missing, whether it is.
 *
 * What it takes is fitted on training data and kept in the version's constants, so edge and trainer compute the same bits.
 */
import { cosineOfDegrees, sineOfDegrees } from '../../exact-math.ts';
import type { Constants } from '../../registry/versions/manifest.ts';
import { type CategoryFeature, type DateFeature, momentOf, widthOf } from './feature.ts';
import type { Feature } from './spec.ts';

/** Writes a row, encoded, to `out[offset]` and on. */
export type RowEncoder = (raw: Float32Array, out: Float32Array, offset: number) => void;

type WriteCell = (value: number, out: Float32Array, at: number) => void;

/** A version that knows no constants for something leaves it as it is. */
export function createRowEncoder(features: readonly Feature[], constants: Constants | null): RowEncoder {
  let numbers = 0;
  let categories = 0;
  let width = 0;
  const cells = features.map((feature) => {
    const at = width;
    width += widthOf(feature);
    const write =
      feature.type === 'category'
        ? categoryWriter(feature, constants?.places?.[categories++])
        : scalarWriter(feature, constants, numbers++);
    return { at, write };
  });
  return (raw, out, offset) => {
    // By index: an iterator would take a fifth of a small model's prediction.
    for (let i = 0; i < cells.length; i++) {
      const { at, write } = cells[i] as (typeof cells)[number];
      write(raw[i] as number, out, offset + at);
    }
  };
}

/** One-hot. A value that the training data lacks, and "missing" and "other" where it had none, are seen nowhere. */
function categoryWriter(feature: CategoryFeature, places: readonly number[] | undefined): WriteCell {
  const width = widthOf(feature);
  return (value, out, at) => {
    out.fill(0, at, at + width);
    const place = places?.[value] ?? value;
    if (place >= 0) out[at + place] = 1;
  };
}

function scalarWriter(
  feature: Exclude<Feature, CategoryFeature>,
  constants: Constants | null,
  index: number,
): WriteCell {
  const mean = constants?.mean[index] ?? 0;
  const scale = constants?.scale[index] ?? 1;
  const write: WriteCell =
    feature.type === 'date'
      ? dateWriter(feature, mean, scale)
      : (value, out, at) => {
          out[at] = (value - mean) * scale;
        };
  if (feature.missing === undefined) return write;
  const median = constants?.median?.[index] ?? 0;
  const marked = constants?.marked?.[index] ?? 0;
  const gap = widthOf(feature) - 1;
  return (value, out, at) => {
    const missing = Number.isNaN(value);
    write(missing ? median : value, out, at);
    // An unknown date is at no point of a circle.
    if (missing && feature.type === 'date') out.fill(0, at, at + gap);
    out[at + gap] = missing ? marked : 0;
  };
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function dateWriter({ parts }: DateFeature, mean: number, scale: number): WriteCell {
  return (raw, out, at) => {
    const ms = momentOf(raw);
    let next = at;
    const point = (degrees: number): void => {
      out[next++] = sineOfDegrees(degrees);
      out[next++] = cosineOfDegrees(degrees);
    };
    for (const part of parts) {
      if (part === 'age') out[next++] = (raw - mean) * scale;
      // In whole minutes, so the degrees are what any engine computes.
      else if (part === 'hour') point(((ms - Math.floor(ms / DAY_MS) * DAY_MS) / HOUR_MS) * 15);
      else if (part === 'weekday') point((new Date(ms).getUTCDay() * 360) / 7);
      else point(new Date(ms).getUTCMonth() * 30);
    }
  };
}

/** Fits the constants to rows that come one by one, twice in the same order. */
export interface ConstantsFit {
  /** The first time. @param raw  [features] */
  centre(raw: Float32Array): void;
  /** The second time, when all have been centred on. */
  spread(raw: Float32Array): void;
  constants(): Constants;
}

/**
 * Mean and reciprocal standard deviation of every number or date (population, two passes), whatever its unit, over the
 * rows that have it. A constant one gets scale 1, so it is centred and never divided by zero. Where the spec lets
 * something be missing or rare, the median too, and where each category's values are seen.
 */
export function createRowFit(features: readonly Feature[]): ConstantsFit {
  const fits = features.map((feature) =>
    feature.type === 'category' ? createCounts(feature) : createMoments(feature.missing === true),
  );
  const more = features.some((feature) => feature.missing || (feature.type === 'category' && feature.rare));
  const each = (step: 'centre' | 'spread') => (raw: Float32Array) => {
    for (let i = 0; i < fits.length; i++) fits[i]?.[step](raw[i] as number);
  };
  return {
    centre: each('centre'),
    spread: each('spread'),
    constants() {
      const scalars = fits.flatMap((fit) => ('mean' in fit ? [fit] : []));
      const counts = fits.flatMap((fit) => ('places' in fit ? [fit] : []));
      return {
        mean: scalars.map((fit) => fit.mean()),
        scale: scalars.map((fit) => fit.scale()),
        ...(more && {
          median: scalars.map((fit) => fit.median()),
          marked: scalars.map((fit) => fit.marked()),
          places: counts.map((fit) => fit.places()),
        }),
      };
    },
  };
}

function createMoments(mayBeMissing: boolean) {
  const kept = createThinned();
  let first = Number.NaN;
  let varies = false;
  let gaps = 0;
  let count = 0;
  let sum = 0;
  let squares = 0;
  const mean = (): number => (count === 0 ? 0 : sum / count);
  return {
    centre(value: number): void {
      if (mayBeMissing && Number.isNaN(value)) {
        gaps += 1;
        return;
      }
      if (count === 0) first = value;
      else if (value !== first) varies = true;
      count += 1;
      sum += value;
      if (mayBeMissing) kept.add(value);
    },
    spread(value: number): void {
      if (mayBeMissing && Number.isNaN(value)) return;
      const distance = value - mean();
      squares += distance * distance;
    },
    mean,
    scale: () => (varies ? 1 / Math.sqrt(squares / count) : 1),
    median: () => (mayBeMissing ? kept.median() : 0),
    marked: () => (gaps > 0 ? 1 : 0),
  };
}

const MOST_KEPT = 8_192;

/** Every value while there are few, then every second, fourth, …: the same ones whoever counts, and little memory. */
function createThinned() {
  let kept: number[] = [];
  let stride = 1;
  let seen = 0;
  return {
    add(value: number): void {
      if (seen++ % stride !== 0) return;
      kept.push(value);
      if (kept.length < MOST_KEPT) return;
      kept = kept.filter((_, i) => i % 2 === 0);
      stride *= 2;
    },
    /** The lower of two in the middle: a value that occurs. */
    median: () => kept.toSorted((a, b) => a - b)[(kept.length - 1) >> 1] ?? 0,
  };
}

/**
 * Which values of a category the model is shown by themselves. Those of fewer than `rare` training examples are joined
 * as "other"; what no training example was is shown nowhere, as scikit-learn's OneHotEncoder does
 * (handle_unknown='infrequent_if_exist').
 */
function createCounts(feature: CategoryFeature) {
  const { rare, missing, values } = feature;
  const counts = Array.from({ length: widthOf(feature) }, () => 0);
  return {
    centre(value: number): void {
      counts[value] = (counts[value] ?? 0) + 1;
    },
    spread(): void {},
    places(): number[] {
      if (rare === undefined && missing === undefined) return [];
      const other = values.length;
      const isRare = (place: number): boolean =>
        rare !== undefined && place <= other && (place === other || (counts[place] as number) < rare);
      const joined = counts.reduce((sum, count, place) => sum + (isRare(place) ? count : 0), 0);
      return counts.map((count, place) => {
        if (isRare(place)) return joined > 0 ? other : -1;
        return count > 0 || place < other ? place : -1;
      });
    },
  };
}
