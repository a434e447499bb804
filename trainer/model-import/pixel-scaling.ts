/**
 * What a model wants to see of a pixel: whoever asks says it, or a file of its exporter, or the model's own first layer;
 * otherwise it is a guess, and said to be one.
 */
import type { CompiledPlan } from '../compile/emit.ts';
import type { ImageSpec } from '../../shared/model/spec/input.ts';
import { PIXEL_DEFAULTS, type Resize } from '../../shared/model/spec/spec-bounds.ts';
import { sizeOf } from '../../shared/model/plan/tensor.ts';
import type { WeightRef } from '../../shared/model/plan/plan.ts';
import type { PixelFacts } from './export-facts.ts';

/** `x * scale + offset` of each channel, before anything else. */
export interface LeadingScaling {
  /** Its layer or node. */
  readonly name: string;
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** Twenty times less than a pixel's range: what multiplies by no more takes whole pixels, 0 to 255. */
const MOST_OF_WHOLE_PIXELS = 0.1;

/** @returns null where the model begins otherwise */
export function leadingScaling({ plan, weights }: CompiledPlan): LeadingScaling | null {
  const channels = plan.inputShape.at(-1) ?? 1;
  let found: LeadingScaling | null = null;
  for (const [i, node] of plan.nodes.entries()) {
    if (node.inputs.length !== 1 || node.inputs[0] !== i) break;
    if (node.op === 'reshape') continue;
    if (node.op !== 'scale' || node.activation !== 'linear') break;
    const scale = numbersAt(node.kernel, weights);
    const offset = node.bias === null ? scale.map(() => 0) : numbersAt(node.bias, weights);
    if (scale.length !== channels || offset.length !== channels) break;
    found = after(found, { name: node.name, scale, offset });
  }
  return found;
}

function after(first: LeadingScaling | null, second: LeadingScaling): LeadingScaling {
  if (first === null) return second;
  return {
    name: first.name,
    scale: second.scale.map((factor, i) => factor * (first.scale[i] as number)),
    offset: second.offset.map(
      (shift, i) => shift + (second.scale[i] as number) * (first.offset[i] as number),
    ),
  };
}

function numbersAt({ offset, shape }: WeightRef, weights: Uint8Array): number[] {
  const bytes = weights.slice(offset, offset + sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT);
  return Array.from(new Float32Array(bytes.buffer));
}

/** Whether it makes small numbers of whole pixels, so that they come to it as they are. */
export function takesWholePixels({ scale }: LeadingScaling): boolean {
  return scale.every((factor) => Math.abs(factor) <= MOST_OF_WHOLE_PIXELS);
}

export interface PixelChoice extends PixelFacts {
  /** `guess`: nobody has said it. */
  readonly by: 'asked' | 'export' | 'model' | 'guess';
  /** What a person should know. */
  readonly note: string | null;
  readonly warning: string | null;
}

export interface PixelOptions {
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  readonly resize?: Resize | undefined;
}

/** How a new model reads pictures. */
export function choosePixels(
  asked: PixelOptions,
  facts: { readonly from: string; readonly pixels: PixelFacts | null } | null,
  leading: LeadingScaling | null,
): PixelChoice {
  const told = facts?.pixels ?? null;
  const resize = asked.resize ?? told?.resize ?? 'stretch';
  const own = leading !== null && takesWholePixels(leading);
  if (asked.scale !== undefined || asked.offset !== undefined) {
    const pixels = {
      scale: asked.scale ?? PIXEL_DEFAULTS.scale,
      offset: asked.offset ?? PIXEL_DEFAULTS.offset,
    };
    const warning = leading === null ? null : describeTwice(pixels, leading);
    return { ...pixels, resize, by: 'asked', note: null, warning };
  }
  if (told !== null)
    return {
      ...told,
      resize,
      by: 'export',
      note: `${describePixels(told)}, as ${facts?.from} has it`,
      warning: null,
    };
  if (own) {
    const note = `the model scales its own pixels ('${leading.name}': ${describeScaling(leading)}), so it gets them as they are, 0 to 255`;
    return { scale: 1, offset: 0, resize, by: 'model', note, warning: null };
  }
  const warning = `nothing says what the model wants to see of a pixel: it gets ${describePixels(PIXEL_DEFAULTS)}, which is a guess; most MobileNets want --scale 0.00784313725 --offset -1 (-1 to 1), some models --scale 1 (0 to 255)`;
  return { ...PIXEL_DEFAULTS, resize, by: 'guess', note: null, warning };
}

/** Where pixels are made small before a layer that makes whole pixels small; null where all is well. */
export function describeTwice({ scale }: Pick<ImageSpec, 'scale'>, leading: LeadingScaling): string | null {
  if (!takesWholePixels(leading) || Math.abs(scale) > MOST_OF_WHOLE_PIXELS) return null;
  return `pixels are scaled twice: by ${shortNumber(scale)} before the model, and by its own '${leading.name}' (${describeScaling(leading)}); it was probably made for pixels as they are: --scale 1`;
}

function describeScaling({ scale, offset }: LeadingScaling): string {
  const factors = [...new Set(scale.map(shortNumber))];
  const shifts = [...new Set(offset.map(shortNumber))];
  return `pixel * ${oneOrList(factors)} + ${oneOrList(shifts)}`;
}

function oneOrList(texts: readonly string[]): string {
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`;
}

function describePixels({ scale, offset }: { readonly scale: number; readonly offset: number }): string {
  return `pixel * ${shortNumber(scale)} + ${shortNumber(offset)}`;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}
