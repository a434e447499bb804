/**
 * A picture that is imported from a folder and the same picture sent to the edge are one and the same example: the same
 * stored bytes, and the same features of the base that the head is trained on.
 */
import { expect, it } from 'vitest';
import { collectInbox } from '../../../shared/events/inbox.ts';
import type { StoredInput } from '../../../shared/events/schema.ts';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { loadDecoderModule } from '../../../shared/model/images/decoders-node.ts';
import { rawSize } from '../../../shared/model/spec/input.ts';
import { createFeatureReader } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadBase } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { importExamples } from '../../../trainer/data-import/import-examples.ts';
import { openImageFolder } from '../../../trainer/data-import/readers/image-folder.ts';
import { createEdge, createServedToy, NOON, readEvents, saveToyBase } from '../../functions/support.ts';
import { IMAGE_FILES, imageFile } from '../../support/images.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const now = new Date(NOON);

it.each([...IMAGE_FILES.keys()])('%s', async (file) => {
  const store = createMemoryStore();
  const wasm = await loadWasmModule();
  const base = await saveToyBase(store);
  const input = {
    kind: 'image' as const,
    height: 4,
    width: 4,
    channels: 1 as const,
    scale: 1 / 127,
    offset: -1,
    resize: 'cover' as const,
  };
  const spec = await createServedToy(store, 'skew', { input, base });

  await folder.write(`${file}/red/${file}`, imageFile(file));
  const columns = { label: 'label', time: null, group: null, ignore: [] };
  const source = await openImageFolder(`${folder.path}/${file}`, { spec, columns, now });
  if (!source.ok) throw new Error(source.error);
  await importExamples({
    store,
    model: 'skew',
    task: 'classification',
    salt: spec.salt,
    source: source.value,
    options: {},
    skip: 0,
    limit: Number.POSITIVE_INFINITY,
    dryRun: false,
    now,
    onProgress: () => {},
  });
  const edge = createEdge(store, wasm, { decoders: await loadDecoderModule() });
  const headers = { 'content-type': 'image/*' };
  await edge.call('/v1/models/skew:predict', { key: 'predict', body: imageFile(file), headers });
  await collectInbox(store, 'skew', now);

  const inputs: StoredInput[] = [];
  for (const event of await readEvents(store, 'skew')) if ('input' in event) inputs.push(event.input);
  const [imported, predicted] = inputs;
  expect(inputs).toHaveLength(2);
  expect(predicted).toEqual(imported);

  const opened = await loadBase(store, createRuntime(wasm), base);
  if (!opened.ok) throw new Error(opened.error.detail);
  const reader = createFeatureReader(spec.input, null, opened.value);
  const features: Float32Array[] = [];
  for (const stored of inputs) {
    const raw = await loadInput(store, 'skew', stored, rawSize(spec.input));
    if (raw.ok) features.push(reader.read([raw.value]).slice());
  }
  expect(features[0]).toHaveLength(2);
  expect(features[1]).toEqual(features[0]);
});
