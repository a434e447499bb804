import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createImageDecoder } from '../../../../shared/model/images/decoder.ts';
import { loadDecoderModule } from '../../../../shared/model/images/decoders-node.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import { DATA_NOTE, dataPath, hasData } from '../../../support/data.ts';
import { testDecoder } from './decoder-suite.ts';

const module = await loadDecoderModule();

testDecoder(module, 3_000);

it('runs the binary whose digest is recorded', async () => {
  const folder = new URL('../../../../shared/model/images/', import.meta.url);
  const recorded = await readFile(new URL('decoders.wasm.sha256', folder), 'utf8');
  const binary = await readFile(new URL('decoders.wasm', folder));
  expect(`${sha256Hex(binary)}  decoders.wasm\n`).toBe(recorded);
});

describe('photographs', () => {
  const photos = [
    'astronaut.png',
    'cat.jpg',
    'chelsea.png',
    'coffee.png',
    'cup.jpg',
    'mug.jpg',
    'rocket.jpg',
  ];

  it.skipIf(!hasData).each(photos)(
    `%s has the pixels that Pillow gave it, byte for byte${DATA_NOTE}`,
    async (name) => {
      const bytes = await readFile(dataPath('photos', name));
      const expected = await readFile(dataPath('photos', 'rgb224', name.replace(/\..*$/, '.rgb')));
      const decoded = createImageDecoder(module).decode(bytes, { height: 224, width: 224, channels: 3 });
      expect(decoded.ok && Buffer.from(Uint8Array.from(decoded.value)).equals(expected)).toBe(true);
    },
  );
});
