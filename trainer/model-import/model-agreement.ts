/**
 * Whether what will serve, the base's plan with the head's behind it, answers as TensorFlow.js does with the files as
 * they came.
 */
import type { CompiledPlan } from '../compile/emit.ts';
import type { ImageSpec } from '../../shared/model/spec/input.ts';
import { loadPlan } from '../../shared/model/run/predictor.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import type { SplitModel } from './split-head.ts';
import { sizeOf } from '../../shared/model/plan/tensor.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import type { Constants } from '../../shared/registry/versions/manifest.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { VersionFiles } from '../run/candidate-files.ts';
import { compareOutputs, drawInputs } from './agreement.ts';
import type { PreparedBase } from './base-import.ts';
import { cutWithTensorflow } from './base-reference.ts';
import type { BaseSource } from './base-source.ts';
import type { ExportFacts } from './export-facts.ts';

export interface ImportedParts {
  readonly source: BaseSource;
  /** The whole model. */
  readonly compiled: CompiledPlan;
  readonly split: Pick<SplitModel, 'ending'>;
  readonly base: PreparedBase | null;
  /** That the model's files have in them; not those that stand in a file beside. */
  readonly constants: Constants | null;
  /** Of the head. */
  readonly files: VersionFiles;
  /** The layer or node that answers. */
  readonly output: string;
  /** How pictures are encoded; null of rows. */
  readonly pixels: Pick<ImageSpec, 'scale' | 'offset'> | null;
  /** What a number that the files give is multiplied by, and what is added, to be in the target's unit. */
  readonly answer: ExportFacts['answer'];
}

/** @returns the largest relative difference; an error where it is too large, or TensorFlow.js can't load the files */
export async function compareModel(
  { source, compiled, split, base, constants, files, output, pixels, answer }: ImportedParts,
  onProgress: (text: string) => void = () => {},
): Promise<Result<number, string>> {
  onProgress('loading the whole model into TensorFlow.js');
  const { inputShape } = compiled.plan;
  const whole = { source, output, pooling: 'none', inputShape, featureSize: 0 } as const;
  const reference = await cutWithTensorflow(whole);
  if (!reference.ok) return reference;
  const serving = await openServing(base, files);
  if (!serving.ok) return serving;
  // Of a base that was compared by itself, what is left to compare is how the two go together.
  const drawn = drawInputs(sizeOf(inputShape), base === null ? undefined : 1);
  const encode = encoder(constants);
  const inputs = drawn.map((input) => {
    if (pixels !== null) return input.map((x) => pixelOf(x) * pixels.scale + pixels.offset);
    return constants === null ? input : rawOf(input, constants);
  });
  const agreed = await compareOutputs(
    inputs,
    (input) => serving.value.run(encode(input)),
    async (input) => endAs(split.ending, await reference.value.predict(input), answer),
    onProgress,
  );
  serving.value.dispose();
  return agreed;
}

/** A whole pixel of a number from -1 to 1. */
function pixelOf(x: number): number {
  return Math.round((x + 1) * 127.5);
}

interface Serving {
  readonly run: (encoded: Float32Array) => Float32Array;
  readonly dispose: () => void;
}

/** From the files' bytes, as the edge will read them. */
async function openServing(base: PreparedBase | null, files: VersionFiles): Promise<Result<Serving, string>> {
  const runtime = createRuntime(await loadWasmModule());
  const head = loadPlan(runtime, files['edge.json'], files['edge.bin']);
  if (!head.ok) return head;
  const front = base === null ? null : runtime.load(base.compiled.plan, base.compiled.weights);
  if (front !== null && !front.ok) return err(front.error.message);
  return ok({
    run: (encoded) => head.value.run(front === null ? encoded : front.value.run(encoded, 1), 1),
    dispose: () => {
      head.value.dispose();
      front?.value.dispose();
    },
  });
}

function encoder(constants: Constants | null): (raw: Float32Array) => Float32Array {
  if (constants === null) return (raw) => raw;
  const { mean, scale } = constants;
  return (raw) => raw.map((x, i) => (x - (mean[i] as number)) * (scale[i] as number));
}

/** An input that is `encoded` once it is scaled: where the model is used, not near 0. */
function rawOf(encoded: Float32Array, { mean, scale }: Constants): Float32Array {
  return encoded.map((x, i) => x / (scale[i] as number) + (mean[i] as number));
}

/** The files' own answer as a version gives it. */
function endAs(
  ending: SplitModel['ending'],
  output: Float32Array,
  answer: ExportFacts['answer'],
): Float32Array {
  switch (ending) {
    case 'softmax':
      return output;
    case 'number':
      return answer === null ? output : output.map((x) => x * answer.scale + answer.offset);
    case 'logits':
      return softmax(Array.from(output));
    case 'sigmoid': {
      const [second = 0] = output;
      return Float32Array.of(1 - second, second);
    }
    case 'logit':
      return softmax([0, output[0] ?? 0]);
  }
}

function softmax(logits: readonly number[]): Float32Array {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float32Array.from(powers, (power) => power / sum);
}
