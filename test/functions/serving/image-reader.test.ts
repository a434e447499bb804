import { expect, it } from 'vitest';
import { createImageReader } from '../../../functions/serving/image-reader.ts';
import type { ImageDecoder } from '../../../shared/model/images/decoder.ts';
import { err, ok } from '../../../shared/result.ts';

const INPUT = { kind: 'image' as const, height: 1, width: 1, channels: 1 as const, scale: 1, offset: 0 };
const IMAGE = { bytes: Uint8Array.of(1), where: 'instances[2]' };

/** A reader of images that all have so many pixels, and how often it has let others through. */
function readerOf(pixels: number) {
  const decoder: ImageDecoder = {
    decode: () => ok(Float32Array.of(7)),
    pixelsRead: () => pixels,
    lackedRoom: () => false,
  };
  let pauses = 0;
  const reader = createImageReader(decoder, async () => {
    pauses += 1;
  });
  return { reader, pauses: () => pauses };
}

function refusing(lacksRoom: boolean) {
  const decoder = { decode: () => err('a reason'), pixelsRead: () => 0, lackedRoom: () => lacksRoom };
  return createImageReader(decoder, async () => {});
}

it('lets others through between large images, and not after every small one', async () => {
  const large = readerOf(12_000_000);
  const small = readerOf(50_000);
  for (let i = 0; i < 10; i++) {
    expect(await large.reader.read(IMAGE, INPUT)).toEqual(ok(Float32Array.of(7)));
    await small.reader.read(IMAGE, INPUT);
  }
  expect([large.pauses(), small.pauses()]).toEqual([9, 0]);
});

it('says which image could not be read', async () => {
  const reader = refusing(false);
  expect(await reader.read(IMAGE, INPUT)).toEqual(err({ kind: 'invalid', detail: 'instances[2]: a reason' }));
});

it('says that an image may be sent again where only room was lacking', async () => {
  const reader = refusing(true);
  expect(await reader.read(IMAGE, INPUT)).toEqual(
    err({ kind: 'overloaded', detail: 'instances[2]: there is no room to decode so large an image now' }),
  );
});
