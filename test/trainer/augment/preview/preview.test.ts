import { describe, expect, test } from 'vitest';
import { augmentationSchema } from '../../../../shared/model/spec/augmentation.ts';
import { fitConstants } from '../../../../shared/model/spec/input.ts';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import type { InputSpec } from '../../../../shared/model/spec/spec.ts';
import { layOutSheet } from '../../../../trainer/augment/preview/contact-sheet.ts';
import { drawCopy } from '../../../../trainer/augment/copies.ts';
import { describeDraw } from '../../../../trainer/augment/describe.ts';
import { previewPictures, previewRows } from '../../../../trainer/augment/preview/preview.ts';
import { renderRowPreview } from '../../../../trainer/augment/preview/preview-page.ts';
import { AS_IT_IS, noisePicture } from '../pictures.ts';

const kernels = await loadKernelModule();
const SHAPE = { height: 4, width: 6, channels: 3 } as const;
const IMAGE = { kind: 'image', ...SHAPE, scale: 1, offset: 0 } as const;

function settings(augmentation: object, copies = 2) {
  return { augmentation: augmentationSchema.parse(augmentation), seed: 3, copies };
}

const picture = (id: string, seed: number) => ({
  id,
  label: 'cat',
  raw: Float32Array.from(noisePicture(SHAPE, seed)),
});

describe('a preview of pictures', () => {
  test('shows what a run with this seed draws for these examples', () => {
    const about = settings({ rotation: 30, noise: 0.2 });
    const [, second] = previewPictures([picture('a', 1), picture('b', 2)], IMAGE, about, kernels);
    expect(second?.original).toEqual(noisePicture(SHAPE, 2));
    expect(second?.copies.map(({ draw }) => draw)).toEqual(
      [1, 2].map((copy) => drawCopy(about.augmentation, IMAGE, { seed: 3, example: 'b', copy })),
    );
    expect(second?.copies[0]?.pixels).not.toEqual(second?.copies[1]?.pixels);
  });

  test('is laid out with the original at the left and copies to the right, in larger pixels', () => {
    const previews = previewPictures(
      [picture('a', 1), picture('b', 2)],
      IMAGE,
      settings({ horizontalFlip: 1 }),
      kernels,
    );
    const sheet = layOutSheet(previews, SHAPE);
    const zoom = 19;
    expect(sheet.width).toBe(8 + 6 * zoom + 24 + 2 * (6 * zoom + 8));
    expect(sheet.height).toBe(8 + 2 * (4 * zoom + 8));
    const at = (y: number, x: number) => [
      ...sheet.pixels.subarray((y * sheet.width + x) * 3, (y * sheet.width + x) * 3 + 3),
    ];
    const original = noisePicture(SHAPE, 2);
    const top = 8 + (4 * zoom + 8);
    expect(at(top, 8)).toEqual([...original.subarray(0, 3)]);
    expect(at(top + zoom - 1, 8 + zoom - 1)).toEqual([...original.subarray(0, 3)]);
    // The copy is flipped: its first pixel was the last of the row.
    expect(at(top, 8 + 6 * zoom + 24)).toEqual([...original.subarray(15, 18)]);
    expect(at(0, 0)).toEqual([255, 255, 255]);
    expect(at(top, 8 + 6 * zoom)).toEqual([255, 255, 255]);
  });
});

test('what was drawn is told in words, and what was left alone is not', () => {
  expect(describeDraw(AS_IT_IS)).toEqual([]);
  const draw = {
    ...AS_IT_IS,
    rotation: -12.34,
    shift: { down: 0.05, right: -0.1 },
    flip: { horizontal: true, vertical: true },
    brightness: -0.2,
    cutout: { top: 1, left: 2, bottom: 4, right: 10 },
  };
  expect(describeDraw(draw)).toEqual([
    'flipped horizontally and vertically',
    'rotated −12.3°',
    'moved 10.0 % left',
    'moved 5.0 % down',
    '20.0 % darker',
    'cut out 8x3',
  ]);
});

describe('a preview of rows', () => {
  const input: Extract<InputSpec, { kind: 'tabular' }> = {
    kind: 'tabular',
    features: [
      { name: 'n', type: 'number' },
      { name: 'c', type: 'category', values: ['x', 'y<'] },
    ],
  };
  const rows = [
    { id: 'a', label: 'up', raw: Float32Array.of(10, 1) },
    { id: 'b', label: null, raw: Float32Array.of(30, 0) },
  ];
  const constants = fitConstants(
    input,
    rows.map(({ raw }) => raw),
  );

  test('shows values as people know them, and a dash for what was dropped', () => {
    const [same] = previewRows(rows, 1, input, constants, settings({ noise: 0 }));
    expect(same).toEqual({
      id: 'a',
      label: 'up',
      original: [10, 'y<'],
      copies: [
        [10, 'y<'],
        [10, 'y<'],
      ],
    });
    const [dropped] = previewRows(rows, 1, input, constants, settings({ featureDropout: 0.9 }, 40));
    expect(dropped?.copies.flat()).toContain(null);
    const [noisy] = previewRows(rows, 1, input, constants, settings({ noise: 0.5 }, 40));
    const values = (noisy?.copies ?? []).map(([value]) => Number(value));
    expect(new Set(values).size).toBe(40);
    // Half of the standard deviation of 10 and 30.
    expect(Math.max(...values.map((value) => Math.abs(value - 10)))).toBeGreaterThan(6);
    expect(Math.max(...values.map((value) => Math.abs(value - 10)))).toBeLessThan(30);
  });

  test('escapes what comes from the data', () => {
    const about = { name: 'm', ...settings({ noise: 0.1 }) };
    const page = renderRowPreview(previewRows(rows, 2, input, constants, about), ['n', 'c'], about);
    expect(page).toContain('y&lt;');
    expect(page).not.toContain('y<');
    expect(page).toContain('noise 0.1');
  });
});
