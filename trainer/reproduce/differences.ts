/**
 * Where a training that was done again left the way of the first: the earliest thing that is another.
 */
import * as z from 'zod';
import { parseModelJson } from '../compile/artifacts.ts';
import { decodeWeights } from '../compile/weights.ts';
import type { Tensor } from '../../shared/model/plan/tensor.ts';
import { parseJson } from '../../shared/registry/store/json.ts';
import type { Outcome } from '../../shared/registry/jobs/reproductions.ts';
import type { VersionFiles } from '../run/candidate-files.ts';
import type { Provenance } from '../pipeline/fine-tune/provenance.ts';

export type Difference = NonNullable<Outcome['difference']>;

/** What both trainings leave behind. */
export type RecordedHistory = Omit<Provenance['training'], 'digest'>;

/** In the order in which a training comes by them; null where both went the same way. */
export function findCourseDifference(
  recorded: RecordedHistory,
  reproduced: RecordedHistory,
): Difference | null {
  for (const field of [
    'recipe',
    'seed',
    'parent',
    'constants',
    'examples',
    'validation',
    'reference',
  ] as const) {
    const difference = findDifference(recorded[field], reproduced[field], field);
    if (difference !== null) return { stage: field, detail: difference };
  }
  const epochs = Math.max(recorded.epochs.length, reproduced.epochs.length);
  for (let i = 0; i < epochs; i++) {
    const [one, other] = [recorded.epochs[i], reproduced.epochs[i]];
    if (one === undefined || other === undefined) {
      const detail = `${recorded.epochs.length} epochs became ${reproduced.epochs.length}`;
      return { stage: 'training', detail };
    }
    const difference = findDifference(one, other, '');
    if (difference !== null) return { stage: 'training', detail: `epoch ${one.epoch}:${difference}` };
  }
  for (const field of ['bestEpoch', 'halvings', 'part'] as const) {
    const difference = findDifference(recorded[field], reproduced[field], field);
    if (difference !== null) return { stage: 'training', detail: difference };
  }
  return null;
}

/** The first value that is another, with the way to it: `windows.0.loss 0.431 became 0.432`; null where none is. */
export function findDifference(recorded: unknown, reproduced: unknown, at: string): string | null {
  if (isObject(recorded) && isObject(reproduced)) {
    for (const name of new Set([...Object.keys(recorded), ...Object.keys(reproduced)])) {
      const difference = findDifference(
        recorded[name],
        reproduced[name],
        at === '' ? ` ${name}` : `${at}.${name}`,
      );
      if (difference !== null) return difference;
    }
    return null;
  }
  return Object.is(recorded, reproduced) ? null : `${at} ${show(recorded)} became ${show(reproduced)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** Of two models' files: the tensor whose numbers are furthest apart, or that only one of them has. */
export function compareWeights(
  recorded: Pick<VersionFiles, 'model.json' | 'weights.bin'>,
  reproduced: Pick<VersionFiles, 'model.json' | 'weights.bin'>,
): Difference | null {
  const [one, other] = [readWeights(recorded), readWeights(reproduced)];
  if (one === null || other === null) return { stage: 'weights', detail: "a model's files can't be read" };
  let worst: { readonly name: string; readonly by: number; readonly among: number } | null = null;
  for (const name of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(name), other.get(name)];
    if (a === undefined || b === undefined || a.data.length !== b.data.length)
      return { stage: 'weights', detail: `${name} is not in both, or of another size` };
    const by = largestDifference(a.data, b.data);
    if (by > (worst?.by ?? 0))
      worst = { name, by, among: largestDifference(a.data, new Float32Array(a.data.length)) };
  }
  if (worst === null) return null;
  const { name, by, among } = worst;
  const detail = `the largest difference is ${by.toPrecision(3)}, in ${name}, whose weights are up to ${among.toPrecision(3)}`;
  return { stage: 'weights', detail };
}

function readWeights(
  files: Pick<VersionFiles, 'model.json' | 'weights.bin'>,
): ReadonlyMap<string, Tensor> | null {
  const json = parseJson(files['model.json'], z.unknown());
  const model = json.ok ? parseModelJson(json.value) : null;
  const tensors = model?.ok ? decodeWeights(model.value, files['weights.bin']) : null;
  return tensors?.ok ? tensors.value : null;
}

/** Infinity where one of two is not a number. @param a, b  of one length */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i] as number, b[i] as number];
    if (Object.is(one, other)) continue;
    const by = Math.abs(one - other);
    // of -0 and 0 as well, which are the same number in other bits
    largest = Math.max(largest, Number.isNaN(by) ? Number.POSITIVE_INFINITY : by);
  }
  return largest;
}
