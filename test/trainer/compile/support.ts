/**
 * Random tfjs models as files, and the comparison of a plan's outputs with theirs. Shared by both test projects.
 */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { parseModelJson } from '../../../trainer/compile/artifacts.ts';
import { decodeWeights } from '../../../trainer/compile/weights.ts';
import { compileLayersModel, type CompileOptions } from '../../../trainer/compile/compile.ts';
import type { CompiledPlan } from '../../../trainer/compile/emit.ts';
import { parsePlan } from '../../../shared/model/plan/plan.ts';
import type { Runtime } from '../../../shared/model/run/runtime.ts';
import type { Program } from '../../../shared/model/run/program.ts';
import type { Shape } from '../../../shared/model/plan/tensor.ts';
import { createRandom } from '../../../shared/random.ts';
import type { Result } from '../../../shared/result.ts';

export interface ModelFiles {
  readonly json: { modelTopology: object; weightsManifest: object[] };
  readonly weights: Uint8Array;
}

/** Wires layers from the input to the output. */
export type Wiring = (input: tf.SymbolicTensor) => tf.SymbolicTensor;

/** The value of a result that must be one. */
export function unwrap<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The message of a result that must be an error. */
export function messageOf<T>(result: Result<T, { readonly message: string }>): string {
  if (result.ok) throw new Error('expected an error, got a value');
  return result.error.message;
}

/** Uniform in [-1, 1). */
export function randomNumbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.uniform() * 2 - 1);
}

/** A model whose every weight is random, biases and batch statistics too (their initial values hide mistakes). */
export function randomModel(inputShape: Shape, wire: Wiring, seed = 1): tf.LayersModel {
  const input = tf.input({ shape: [...inputShape] });
  const model = tf.model({ inputs: input, outputs: wire(input) });
  for (const [i, weight] of model.weights.entries()) {
    const shape = weight.shape as number[];
    const numbers = randomNumbers(tf.util.sizeFromShape(shape), seed * 1_000 + i);
    const isVariance = weight.name.includes('variance');
    const values = numbers.map((x) => (isVariance ? 1.5 + x : x / 2));
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  }
  return model;
}

/** What `model.save` writes. */
export async function saveModel(model: tf.LayersModel): Promise<ModelFiles> {
  let files: ModelFiles | undefined;
  const keep = tf.io.withSaveHandler((artifacts) => {
    const { modelTopology, weightSpecs, weightData } = artifacts;
    files = {
      json: {
        modelTopology: modelTopology as object,
        weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
      },
      weights: new Uint8Array(weightData as ArrayBuffer),
    };
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  });
  await model.save(keep);
  if (files === undefined) throw new Error('the save handler was not called');
  return files;
}

export function compileFiles({ json, weights }: ModelFiles, options?: CompileOptions): CompiledPlan {
  const model = unwrap(parseModelJson(json));
  return unwrap(compileLayersModel(model, unwrap(decodeWeights(model, weights)), options));
}

/** Loads what storage would give back: the plan goes through JSON and its checks. */
export function loadCompiled(runtime: Runtime, { plan, weights }: CompiledPlan): Program {
  return unwrap(runtime.load(unwrap(parsePlan(JSON.parse(JSON.stringify(plan)))), weights));
}

/** Within 1e-5 of the largest magnitude: what folding and another order of summation may change. */
export function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  const scale = expected.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-3);
  const worst = expected.reduce((max, x, i) => Math.max(max, Math.abs(x - (actual[i] ?? NaN))), 0);
  expect(worst / scale).toBeLessThan(1e-5);
}

/** Outputs of tfjs itself, on its current backend. */
export function predict(model: tf.LayersModel, input: Float32Array, batch: number, shape: Shape) {
  return tf.tidy(() => {
    const output = model.predict(tf.tensor(input, [batch, ...shape])) as tf.Tensor;
    return { shape: output.shape.slice(1), data: output.dataSync<'float32'>() };
  });
}

/** The program gives what tfjs gives, and an example's bits do not depend on its batch. */
export async function expectSameAsTfjs(runtime: Runtime, inputShape: Shape, wire: Wiring): Promise<void> {
  const model = randomModel(inputShape, wire);
  const program = loadCompiled(runtime, compileFiles(await saveModel(model)));
  const batch = 3;
  const input = randomNumbers(batch * program.inputSize, 5);
  const expected = predict(model, input, batch, inputShape);
  expect(program.inputShape).toEqual(inputShape);
  expect(program.outputShape).toEqual(expected.shape);
  expectClose(program.run(input, batch), expected.data);
  expectRowsIndependent(program);
  program.dispose();
  model.dispose();
}

/** 33 rows cross every block size: 32 and 1; 41 add 8. */
export function expectRowsIndependent(program: Program, batches: readonly number[] = [33, 41]): void {
  for (const batch of batches) {
    const input = randomNumbers(batch * program.inputSize, batch);
    const together = program.run(input, batch);
    for (let row = 0; row < batch; row++) {
      const alone = program.run(input.slice(row * program.inputSize, (row + 1) * program.inputSize), 1);
      expect(bitsOf(alone)).toEqual(
        bitsOf(together.slice(row * program.outputSize, (row + 1) * program.outputSize)),
      );
    }
  }
}

/** Floats as integers: equal only when every bit is. */
export function bitsOf(numbers: Float32Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
}
