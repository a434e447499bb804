/**
 * MNIST as it would come from a camera that is knocked a little further every week: digits turn, contrast falls, noise
 * grows. As a small network that is trained whole, and as a head over a frozen base with augmented examples.
 */
import path from 'node:path';
import { seedFrom } from '../../../../shared/digest.ts';
import { createRandom, type Random } from '../../../../shared/random.ts';
import { err, ok, type Result } from '../../../../shared/result.ts';
import { openSource } from '../../../../trainer/data-import/readers/open-source.ts';
import { dataPath } from '../../../support/data.ts';
import type { Row, Stream } from './stream.ts';

const SIDE = 28;
/** Few, because a whole network takes a hundred times what a head does. */
const ROWS = 3_000;
/** At the end of the stream: degrees, what is left of the contrast, and the noise's deviation in levels of 255. */
const TURNED = 50;
const CONTRAST_LEFT = 0.45;
const NOISE = 45;

/** Two convolutions, which halve the picture twice. */
const NETWORK = [
  { type: 'conv2d', filters: 8, kernelSize: 3, strides: 2 },
  { type: 'conv2d', filters: 16, kernelSize: 3, strides: 2 },
  { type: 'flatten' },
];
const BASE = { folder: ['models', 'doodlenet_layers'], output: 'dense' } as const;

const MODELS: Readonly<Record<string, Pick<Stream, 'model' | 'base'>>> = {
  'mnist-whole': {
    model: { network: NETWORK, head: [{ units: 32 }], training: { epochs: 8, patience: 3 } },
  },
  'mnist-base': {
    base: { folder: dataPath(...BASE.folder), output: BASE.output },
    model: {
      head: [{ units: 64 }],
      training: { epochs: 15, augmentation: { copies: 1, rotation: 10, shift: 0.05 } },
    },
  },
};

export const MNIST: readonly string[] = Object.keys(MODELS);

/** @param name  one of `MNIST` */
export async function loadMnist(name: string, seed: number): Promise<Result<Stream, string>> {
  const input = { kind: 'image', height: SIDE, width: SIDE, channels: 1, scale: 1 / 255, offset: 0 } as const;
  const task = {
    task: 'classification' as const,
    labels: Array.from({ length: 10 }, (_, digit) => String(digit)),
  };
  const file = dataPath('images', 'mnist', 'train-images-idx3-ubyte.gz');
  const opened = await openSource(file, {
    spec: { ...task, input },
    columns: { label: 'label', time: null, group: null, ignore: [] },
    now: new Date(),
    format: 'idx',
    labelsFile: path.join(path.dirname(file), 'train-labels-idx1-ubyte.gz'),
  });
  if (!opened.ok) return opened;
  const random = createRandom(seedFrom('mnist', seed));
  const rows: Row[] = [];
  for await (const read of opened.value.rows()) {
    if (!read.ok) return err(`${file}: ${read.error.problem}`);
    const { raw, label } = read.value;
    rows.push({ raw: drift(raw, rows.length / ROWS, random), label });
    if (rows.length === ROWS) break;
  }
  return ok({
    name,
    part: `the first ${ROWS} of 60000, drifting`,
    task,
    input,
    rows,
    season: null,
    changes: [],
    relabelled: false,
    ...MODELS[name],
  });
}

/** @param at  how far the stream has come, 0 to 1 */
function drift(raw: Float32Array, at: number, random: Random): Float32Array {
  const turned = rotate(raw, (at * TURNED * Math.PI) / 180);
  const contrast = 1 - at * (1 - CONTRAST_LEFT);
  return turned.map((level) => {
    const noise = (random.uniform() + random.uniform() + random.uniform() - 1.5) * 2;
    return Math.round(
      Math.min(255, Math.max(0, level * contrast + 128 * (1 - contrast) + noise * NOISE * at)),
    );
  });
}

/** About the middle, by the four nearest pixels; black comes in from outside. */
function rotate(raw: Float32Array, angle: number): Float32Array {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = (SIDE - 1) / 2;
  const pixel = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= SIDE || column >= SIDE ? 0 : (raw[row * SIDE + column] as number);
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [y, x] = [Math.floor(i / SIDE) - middle, (i % SIDE) - middle];
    const [fromY, fromX] = [cos * y - sin * x + middle, sin * y + cos * x + middle];
    const [row, column] = [Math.floor(fromY), Math.floor(fromX)];
    const [down, right] = [fromY - row, fromX - column];
    return (
      (1 - down) * ((1 - right) * pixel(row, column) + right * pixel(row, column + 1)) +
      down * ((1 - right) * pixel(row + 1, column) + right * pixel(row + 1, column + 1))
    );
  });
}
