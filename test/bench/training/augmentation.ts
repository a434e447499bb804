/**
 * Is the kernel worth it? Pictures augmented by it and by plain TypeScript, in turns, after both gave the same pixels.
 *
 *   node test/bench/training/augmentation.ts
 */
import { pictureRanges } from '../../../shared/model/spec/augmentation.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRandom } from '../../../shared/random.ts';
import { type Affine, composeAffine } from '../../../trainer/augment/affine.ts';
import { createPictureAugmenter, type PictureShape } from '../../../trainer/augment/picture-augmenter.ts';
import { drawPicture, type PictureDraw } from '../../../trainer/augment/picture-draw.ts';

const SHAPES: readonly PictureShape[] = [
  { height: 28, width: 28, channels: 1 },
  { height: 224, width: 224, channels: 3 },
];
const RANGES = pictureRanges({
  rotation: 20,
  scale: [0.9, 1.2],
  shift: 0.1,
  shear: 10,
  brightness: 0.2,
  contrast: 0.2,
  noise: 0.05,
});
const DRAWS = 20;
const ROUNDS = 15;
const ROUND_MS = 40;
const ONE = 2_048;

const kernels = await loadKernelModule();
for (const shape of SHAPES) {
  const random = createRandom(1);
  const pixels = Uint8Array.from({ length: shape.height * shape.width * shape.channels }, () =>
    random.below(256),
  );
  const draws = Array.from({ length: DRAWS }, () => drawPicture(RANGES, shape, random));
  const augmenter = createPictureAugmenter(kernels, shape, 'reflect');
  const out = new Uint8Array(pixels.length);
  const ours = (draw: PictureDraw): Uint8Array => augmenter.apply(pixels, draw);
  const theirs = (draw: PictureDraw): Uint8Array => augmentPlainly(pixels, out, shape, draw);
  for (const draw of draws) checkSame(ours(draw), theirs(draw));
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, side] of [ours, theirs].entries()) times[i]?.push(microseconds(side, draws));
  }
  const [kernel, plain] = times.map((values) => values.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0) as [
    number,
    number,
  ];
  const name = `${shape.height}x${shape.width}x${shape.channels}`;
  const [a, b, ratio] = [kernel.toFixed(1), plain.toFixed(1), (kernel / plain).toFixed(2)];
  process.stdout.write(`${name}: ${a} µs by the kernel, ${b} µs by TypeScript, ${ratio}\n`);
}

function microseconds(side: (draw: PictureDraw) => unknown, draws: readonly PictureDraw[]): number {
  const start = performance.now();
  let calls = 0;
  for (; performance.now() - start < ROUND_MS; calls += draws.length) for (const draw of draws) side(draw);
  return (1_000 * (performance.now() - start)) / calls;
}

/** Weights are rounded in another way, so a pixel may differ by a level or two after contrast. */
function checkSame(kernel: Uint8Array, plain: Uint8Array): void {
  const worst = kernel.reduce((most, value, i) => Math.max(most, Math.abs(value - (plain[i] ?? 0))), 0);
  if (worst > 3) throw new Error(`the two sides differ by ${worst} levels`);
}

function augmentPlainly(
  pixels: Uint8Array,
  out: Uint8Array,
  shape: PictureShape,
  draw: PictureDraw,
): Uint8Array {
  resample(pixels, out, shape, composeAffine(draw, shape));
  recolour(out, draw);
  addNoise(out, draw.noise);
  return out;
}

function resample(
  from: Uint8Array,
  to: Uint8Array,
  { height, width, channels }: PictureShape,
  map: Affine,
): void {
  let at = 0;
  for (let oy = 0; oy < height; oy++) {
    for (let ox = 0; ox < width; ox++) {
      const x = map.xx * ox + map.xy * oy + map.x0;
      const y = map.yx * ox + map.yy * oy + map.y0;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const right = Math.round((x - left) * ONE);
      const down = Math.round((y - top) * ONE);
      const x0 = mirrored(left, width) * channels;
      const x1 = mirrored(left + 1, width) * channels;
      const y0 = mirrored(top, height) * width * channels;
      const y1 = mirrored(top + 1, height) * width * channels;
      for (let c = 0; c < channels; c++) {
        const upper = (from[y0 + x0 + c] as number) * (ONE - right) + (from[y0 + x1 + c] as number) * right;
        const lower = (from[y1 + x0 + c] as number) * (ONE - right) + (from[y1 + x1 + c] as number) * right;
        to[at++] = (upper * (ONE - down) + lower * down + (ONE * ONE) / 2) >> 22;
      }
    }
  }
}

function mirrored(at: number, size: number): number {
  if (at >= 0 && at < size) return at;
  const rest = ((at % (2 * size)) + 2 * size) % (2 * size);
  return rest < size ? rest : 2 * size - 1 - rest;
}

function recolour(pixels: Uint8Array, { contrast, brightness }: PictureDraw): void {
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum += pixels[i] as number;
  const mean = sum / pixels.length;
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) =>
    Math.round((value - mean) * contrast + mean + 255 * brightness),
  );
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i] as number] as number;
}

function addNoise(pixels: Uint8Array, { deviation, seed }: PictureDraw['noise']): void {
  const amplitude = Math.round(((deviation * 255) / 147.8) * 65_536);
  for (let i = 0; i < pixels.length; i++) {
    let x = (seed + i) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    const sum = (x & 255) + ((x >>> 8) & 255) + ((x >>> 16) & 255) + (x >>> 24) - 510;
    const value = (pixels[i] as number) + ((sum * amplitude + 32_768) >> 16);
    pixels[i] = Math.min(255, Math.max(0, value));
  }
}
