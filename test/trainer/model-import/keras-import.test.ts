/**
 * What Keras 3 saves itself (3.15.1: `.keras`, `.h5`, and the model.json that tensorflowjs's converter makes of the
 * latter), with answers that it computed. test/fixtures/keras/README.md says how they were made.
 */
import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileModel } from '../../../trainer/compile/compile.ts';
import { createRuntime, type Runtime } from '../../../shared/model/run/runtime.ts';
import { listParts, outputsOf } from '../../../trainer/compile/tfjs-model.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { decodeWeights } from '../../../trainer/compile/weights.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { importBase } from '../../../trainer/model-import/base-import.ts';
import { loadBaseSource } from '../../../trainer/model-import/base-source.ts';
import { expectClose, unwrap } from '../compile/support.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const FIXTURES = 'test/fixtures/keras';
const folder = useTempFolder();

interface Answers {
  readonly x: number[][];
  /** [batch, outputs], of several outputs a list of these */
  readonly y: number[][];
}

let answers: Record<string, Answers>;
let runtime: Runtime;
beforeAll(async () => {
  answers = JSON.parse(await readFile(`${FIXTURES}/answers.json`, 'utf8')) as Record<string, Answers>;
  runtime = createRuntime(await loadWasmModule());
});

async function predict(source: string, x: readonly number[], output?: string): Promise<Float32Array> {
  const { model, weights } = unwrap(await loadBaseSource(source));
  const tensors = unwrap(decodeWeights(model, weights));
  const { plan, weights: bytes } = unwrap(
    compileModel(model, tensors, output === undefined ? {} : { output }),
  );
  const program = unwrap(runtime.load(plan, bytes));
  const answer = program.run(Float32Array.from(x), 1);
  program.dispose();
  return answer;
}

const FORMS = [
  ['.keras', (name: string) => `${FIXTURES}/${name}.keras`],
  ['.h5', (name: string) => `${FIXTURES}/${name}.h5`],
  ['the converted model.json', (name: string) => `${FIXTURES}/${name}`],
] as const;

describe.each(FORMS)('what Keras 3 saves, as %s', (_, sourceOf) => {
  it.each(['functional', 'sequential', 'adapted', 'nested'])('answers as Keras does: %s', async (name) => {
    const { x, y } = answers[name] as Answers;
    for (const [i, input] of x.entries())
      expectClose(await predict(sourceOf(name), input), Float32Array.from(y[i] ?? []));
  });

  it('has both of two outputs, each by its layer', async () => {
    const { x, y } = answers['two_outputs'] as unknown as { x: number[][]; y: number[][][] };
    const source = sourceOf('two_outputs');
    const { model } = unwrap(await loadBaseSource(source));
    expect(outputsOf(model)).toEqual(['features', 'classes']);
    for (const [k, output] of ['features', 'classes'].entries())
      expectClose(await predict(source, x[0] ?? [], output), Float32Array.from(y[k]?.[0] ?? []));
  });

  it('becomes a base that TensorFlow.js computes alike', async () => {
    const imported = await importBase({
      store: createMemoryStore(),
      source: sourceOf('nested'),
      output: 'inner',
      pooling: 'auto',
      now: new Date(0),
    });
    expect(imported).toMatchObject({ ok: true, value: { manifest: { featureSize: 36 } } });
  });
});

it('names the outputs where one is to be chosen', async () => {
  const imported = await importBase({
    store: createMemoryStore(),
    source: `${FIXTURES}/two_outputs.keras`,
    output: null,
    pooling: 'auto',
    now: new Date(0),
  });
  expect(imported).toMatchObject({
    error: 'the model has 2 outputs (features, classes), expected one: name the one to use with --layer',
  });
});

it('keeps the names of layers, so that a model is cut where its author would', async () => {
  const { model } = unwrap(await loadBaseSource(`${FIXTURES}/functional.keras`));
  expect(listParts(model)).toContain('leaky');
});

it('reads a folder in a zip archive, as browsers download one', async () => {
  const file = async (name: string) => new Uint8Array(await readFile(`${FIXTURES}/nested/${name}`));
  const zip = zipSync({
    'tm-my-image-model/model.json': await file('model.json'),
    'tm-my-image-model/group1-shard1of1.bin': await file('group1-shard1of1.bin'),
    '__MACOSX/._model.json': new Uint8Array(4),
  });
  const path = await folder.write('converted_keras.zip', zip);
  const { x, y } = answers['nested'] as Answers;
  expectClose(await predict(path, x[0] ?? []), Float32Array.from(y[0] ?? []));
});
