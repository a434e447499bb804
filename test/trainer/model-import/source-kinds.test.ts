import { describe, expect, it } from 'vitest';
import { zipSync } from 'fflate';
import { loadBaseSource } from '../../../trainer/model-import/base-source.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

async function refusal(name: string, bytes: Uint8Array): Promise<string> {
  const loaded = await loadBaseSource(await folder.write(name, bytes));
  return loaded.ok ? 'read' : loaded.error.replaceAll(`${folder.path}/`, '');
}

describe('a file that is no model we read', () => {
  it.each([
    [
      'by its bytes',
      'model.bin.json',
      ascii('\x1c\0\0\0TFL3 rest'),
      'model.bin.json is a TensorFlow Lite model',
    ],
    [
      'by its name',
      'net.onnx',
      ascii('\b\x07\x12\x07pytorch'),
      'net.onnx is an ONNX model: convert it (pip install onnx2tf',
    ],
    [
      'a checkpoint of PyTorch',
      'net.pt',
      zipSync({ 'net/data.pkl': ascii('x') }),
      'net.pt is a PyTorch checkpoint: export it',
    ],
    ['a SavedModel', 'saved_model.pb', ascii('\b\x01'), '--input_format=tf_saved_model'],
    ['weights alone', 'net.safetensors', ascii('{}'), 'net.safetensors is weights alone'],
    ['a picture', 'cat.json', ascii('\x89PNG\r\n'), 'cat.json is a picture'],
    [
      'an archive of something else',
      'texts.zip',
      zipSync({ 'a.txt': ascii('x') }),
      'expected a model.json in the archive, got a.txt',
    ],
    [
      'a Teachable Machine export for phones',
      'converted.zip',
      zipSync({ 'model_unquant.tflite': ascii('x'), 'labels.txt': ascii('0 a') }),
      'model_unquant.tflite is a TensorFlow Lite model',
    ],
    ['a broken archive', 'cut.zip', ascii('PK\x03\x04rest'), "the archive can't be read"],
    [
      'a .keras without its weights',
      'odd.keras',
      zipSync({ 'model.weights.h5': ascii('x') }),
      'expected config.json and model.weights.h5 in it',
    ],
    ['HDF5 that is cut off', 'cut.h5', ascii('\x89HDF\r\n\x1a\n rest'), "HDF5 can't be read"],
  ])('is named for what it is: %s', async (_, name, bytes, message) => {
    expect(await refusal(name, bytes)).toContain(message);
  });

  it.each([
    ['saved', 'saved_model.pb', /no model\.json, and saved_model\.pb is a TensorFlow SavedModel/],
    ['keras', 'best.keras', /no model\.json; name the file itself: best\.keras/],
    ['named', 'my-sketch.json', /no model\.json; .*my-sketch\.json/],
  ])('is found in a folder without a model.json: %s', async (name, file, message) => {
    await folder.write(`${name}/${file}`, ascii('x'));
    await folder.write(`${name}/weights.bin`, ascii('x'));
    const loaded = await loadBaseSource(`${folder.path}/${name}`);
    expect(loaded).toMatchObject({ error: expect.stringMatching(message) });
  });

  it('is not unpacked beyond the limit', async () => {
    const path = await folder.write('large.zip', zipSync({ 'model.json': new Uint8Array(2_000_000) }));
    const limits = { maxJsonBytes: 10_000, maxWeightsBytes: 100_000 };
    expect(await loadBaseSource(path, { limits })).toMatchObject({
      error: expect.stringMatching(/unpacks to 2000000 bytes or more, expected at most 110000/),
    });
  });
});
