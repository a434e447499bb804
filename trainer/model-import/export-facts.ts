/**
 * What tools write beside a model: Teachable Machine's metadata.json, ml5's …_meta.json, the manifest of our own export.
 * From it come labels, what the model wants to see of a pixel, and how its rows are scaled.
 */
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import type { Resize } from '../../shared/model/spec/spec-bounds.ts';
import { inputSchema } from '../../shared/model/spec/spec.ts';
import {
  constantsSchema,
  targetSchema,
  type Constants,
  type Target,
} from '../../shared/registry/versions/manifest.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { BaseSource } from './base-source.ts';
import { isObject, type Json } from './json-object.ts';

export interface PixelFacts {
  readonly scale: number;
  readonly offset: number;
  readonly resize: Resize;
}

export interface ExportFacts {
  /** The file that says it, and who wrote that. */
  readonly from: string;
  readonly labels: readonly string[] | null;
  readonly target: Target | null;
  /** Of images. */
  readonly pixels: PixelFacts | null;
  /** Whole, where the tool says more of the input than its shape. */
  readonly input: InputSpec | null;
  /** Of rows: (x - mean) * scale before the model. */
  readonly constants: Constants | null;
  /** Of a number: the model's output * scale + offset is in the target's unit. */
  readonly answer: { readonly scale: number; readonly offset: number } | null;
}

const NOTHING = { labels: null, target: null, pixels: null, input: null, constants: null, answer: null };

/** @returns null where no tool has said anything; what such a file says that can't be used */
export async function readExportFacts(source: BaseSource): Promise<Result<ExportFacts | null, string>> {
  const stem = (source.files[0]?.path ?? 'model.json').replace(/\.json$/, '');
  const readers = [
    ['manifest.json', ofHoldfast],
    ['metadata.json', ofTeachableMachine],
    [`${stem}_meta.json`, ofMl5],
  ] as const;
  for (const [path, reader] of readers) {
    const bytes = await source.beside(path);
    if (!bytes.ok) return bytes;
    if (bytes.value === null) continue;
    const json = parseObject(bytes.value);
    const facts = json === null ? ok(null) : reader(json, path);
    if (!facts.ok || facts.value !== null) return facts;
  }
  return ok(ofModelJson(source.json));
}

function parseObject(bytes: Uint8Array): Json | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** @teachablemachine/image crops a square and feeds pixel / 127 - 1. */
const TEACHABLE_PIXELS: PixelFacts = { scale: 1 / 127, offset: -1, resize: 'cover' };

/** @tensorflow-models/speech-commands: frames x frequencies, each spectrogram standardised by whoever records it. */
const SPECTROGRAM: InputSpec = { kind: 'tensor', shape: [43, 232, 1] };

function ofTeachableMachine(json: Json, path: string): Result<ExportFacts | null, string> {
  const { packageName } = json;
  if (packageName === '@teachablemachine/image') {
    const labels = textsOf(json['labels']);
    if (labels === null)
      return err(`${path}: expected labels, a list of texts, as Teachable Machine writes it`);
    return ok({ ...NOTHING, from: `${path} (Teachable Machine, images)`, labels, pixels: TEACHABLE_PIXELS });
  }
  if (packageName === '@teachablemachine/pose')
    return err(
      `${path}: this is a Teachable Machine pose model: it reads what PoseNet makes of a picture (14,739 numbers), not a picture, and no model with that in front is offered; without metadata.json beside it, it is imported as a tensor, for clients that run PoseNet themselves`,
    );
  if ('tfjsSpeechCommandsVersion' in json || 'wordLabels' in json) {
    const labels = textsOf(json['wordLabels']);
    if (labels === null)
      return err(`${path}: expected wordLabels, a list of texts, as Teachable Machine writes it`);
    return ok({ ...NOTHING, from: `${path} (Teachable Machine, audio)`, labels, input: SPECTROGRAM });
  }
  return ok(null);
}

/** What ml5's featureExtractor adds to model.json. */
function ofModelJson(json: unknown): ExportFacts | null {
  const specs = isObject(json) ? json['ml5Specs'] : undefined;
  const labels = isObject(specs) ? textsOf(specs['mapStringToIndex']) : null;
  return labels === null ? null : { ...NOTHING, from: 'model.json (ml5)', labels };
}

/** ml5's neuralNetwork scales to 0…1 by the least and the largest value, texts by their place in a legend. */
function ofMl5(json: Json, path: string): Result<ExportFacts | null, string> {
  const { inputs, outputs, isNormalized } = json;
  if (!isObject(inputs) || !isObject(outputs)) return ok(null);
  const features: object[] = [];
  const mean: number[] = [];
  const scale: number[] = [];
  for (const [name, column] of Object.entries(inputs)) {
    const legend = isObject(column) ? orderOf(column['legend']) : null;
    if (legend !== null) {
      features.push({ name, type: 'category', values: legend });
      continue;
    }
    const range = rangeOf(column, isNormalized === true);
    if (range === null) return err(`${path}: inputs.${name}: expected min and max, two different numbers`);
    features.push({ name, type: 'number' });
    mean.push(range.min);
    scale.push(1 / (range.max - range.min));
  }
  const input = inputSchema.safeParse({ kind: 'tabular', features });
  if (!input.success) return err(`${path}: inputs: expected names of numbers or of texts`);
  const told = ofMl5Outputs(outputs, isNormalized === true, path);
  if (!told.ok) return told;
  return ok({
    ...NOTHING,
    from: `${path} (ml5)`,
    input: input.data,
    constants: { mean, scale },
    ...told.value,
  });
}

function ofMl5Outputs(
  outputs: Json,
  normalized: boolean,
  path: string,
): Result<Pick<ExportFacts, 'labels' | 'target' | 'answer'>, string> {
  const [first, ...others] = Object.entries(outputs);
  if (first === undefined) return err(`${path}: expected outputs, got none`);
  const [name, column] = first;
  const labels = isObject(column) ? orderOf(column['legend']) : null;
  if (labels !== null) return ok({ labels, target: null, answer: null });
  if (others.length > 0) return err(`${path}: the model gives ${others.length + 1} numbers, one is offered`);
  const range = rangeOf(column, normalized);
  if (range === null) return err(`${path}: outputs.${name}: expected min and max, two different numbers`);
  return ok({ labels: null, target: { name }, answer: { scale: range.max - range.min, offset: range.min } });
}

/** `{"yes": [1, 0], "no": [0, 1]}` as `["yes", "no"]`. */
function orderOf(legend: unknown): string[] | null {
  if (!isObject(legend)) return null;
  const names: string[] = [];
  for (const [name, code] of Object.entries(legend)) {
    if (!Array.isArray(code)) return null;
    names[code.indexOf(1)] = name;
  }
  return names.length >= 2 && names.length === Object.keys(legend).length ? names : null;
}

function rangeOf(column: unknown, normalized: boolean): { min: number; max: number } | null {
  if (!normalized) return { min: 0, max: 1 };
  const { min, max } = isObject(column) ? column : {};
  return typeof min === 'number' && typeof max === 'number' && min < max ? { min, max } : null;
}

/** What `holdfast export` writes. */
function ofHoldfast(json: Json, path: string): Result<ExportFacts | null, string> {
  if (json['format'] !== 'holdfast-version/1') return ok(null);
  const target = targetSchema.safeParse(json['target']);
  const constants = constantsSchema.safeParse(json['constants']);
  const input = inputSchema.safeParse(json['input']);
  const labels = textsOf(json['labels']);
  const { kind, ...image } = input.success ? input.data : { kind: null };
  const pixels =
    kind === 'image' && 'scale' in image
      ? { scale: image.scale, offset: image.offset, resize: image.resize ?? 'stretch' }
      : null;
  return ok({
    from: `${path} (holdfast export)`,
    labels: labels === null || labels.length === 0 ? null : labels,
    target: target.success ? target.data : null,
    constants: constants.success ? constants.data : null,
    input: input.success && input.data.kind !== 'image' ? input.data : null,
    pixels,
    answer: null,
  });
}

function textsOf(value: unknown): string[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
}
