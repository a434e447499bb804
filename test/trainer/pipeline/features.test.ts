import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFeatures, sealFeatures } from '../../../trainer/pipeline/features.ts';

const floats = fc.float32Array({ maxLength: 50 });

test('features come back as they were stored, bit for bit', () => {
  fc.assert(
    fc.property(floats, (features) => {
      expect(openFeatures(sealFeatures(features))).toEqual(features);
    }),
  );
});

test('features that were cut or altered are not used', () => {
  fc.assert(
    fc.property(floats, fc.nat(), fc.integer({ min: 1, max: 255 }), (features, at, flip) => {
      const sealed = sealFeatures(features);
      const altered = Uint8Array.from(sealed);
      const place = at % altered.length;
      altered[place] = (altered[place] as number) ^ flip;
      expect(openFeatures(altered)).toBeNull();
      expect(openFeatures(sealed.subarray(0, sealed.length - 1))).toBeNull();
    }),
  );
});
