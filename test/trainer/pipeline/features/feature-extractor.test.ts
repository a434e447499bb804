/**
 * The extractor in this thread, over the small convolution.
 */
import { beforeAll, expect, test } from 'vitest';
import { storeInput } from '../../../../shared/events/stored-input.ts';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { loadBaseFiles, type BaseFiles } from '../../../../shared/model/run/servable.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { InputSpec } from '../../../../shared/model/spec/spec.ts';
import {
  loadExtractor,
  openBatch,
  localFeatureBackend,
  type ExtractionEngine,
} from '../../../../trainer/pipeline/features/feature-extractor.ts';
import { importBarBase } from '../../../support/bar-base.ts';
import { barSpec } from '../../../support/image-model.ts';
import { stopwatch } from './extract-here.ts';
import type { StoredRow } from '../../../../trainer/run/feature-backend.ts';

let base: BaseFiles;
let input: InputSpec;
let engine: ExtractionEngine;
let row: StoredRow;

beforeAll(async () => {
  const store = createMemoryStore();
  const { digest } = await importBarBase(store);
  const files = await loadBaseFiles(store, digest);
  if (!files.ok) throw new Error(files.error.detail);
  base = files.value;
  ({ input } = barSpec('m', { base: digest }));
  engine = { runtime: createRuntime(await loadWasmModule()), kernels: await loadKernelModule() };
  row = { id: 'e-1', input: await storeInput(store, 'm', new Float32Array(64).fill(9)) };
});

test('a base that was closed leaves its room to the next: no tensors, no more heap', async () => {
  const rows = await openBatch(input, [row]);
  const extract = (): Float32Array => {
    const loaded = loadExtractor({ input, base }, engine);
    const features = loaded.extract(rows);
    loaded.close();
    return features;
  };
  const first = extract();
  const { heapBytes } = engine.runtime.memory();
  for (let i = 0; i < 50; i++) expect(extract()).toEqual(first);
  expect(engine.runtime.memory()).toEqual({ heapBytes, tensors: 0, outsideBytes: 0 });
});

test("a base that can't be loaded fails by name", () => {
  const weights = new Uint8Array(3);
  expect(() => loadExtractor({ input, base: { ...base, weights } }, engine)).toThrow(
    `base ${base.manifest.digest}: weights: the plan describes`,
  );
});

test('an extractor goes on after a batch that failed, and can be opened again after it was closed', async () => {
  const backend = localFeatureBackend({ ...engine, stopwatch });
  const lost: StoredRow = { id: 'e-2', input: { type: 'u8', digest: 'ab'.repeat(32) } };
  const extractor = backend.open({ input, base });
  const [failed, features] = [extractor.extract([row, lost]), extractor.extract([row])];
  await expect(failed).rejects.toThrow(`example e-2: input ${'ab'.repeat(32)} is not there`);
  expect((await features).features).toHaveLength(extractor.size);
  await extractor.close();
  const again = backend.open({ input, base });
  expect((await again.extract([row])).features).toEqual((await features).features);
  await again.close();
});
