/**
 * What training a whole model must do wherever it runs: the same bits in Node and in workerd.
 */
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../../shared/digest.ts';
import { tensorsOf } from '../../../../trainer/model/head.ts';
import { networkSchema } from '../../../../shared/model/spec/network.ts';
import { trainingSchema } from '../../../../shared/model/spec/training.ts';
import type { WasmModules } from '../../../../shared/model/run/wasm-modules.ts';
import { createRandom } from '../../../../shared/random.ts';
import { initialHead } from '../../../../trainer/model/head-layers.ts';
import { initialTrunk, trunkSize } from '../../../../trainer/model/trunk-layers.ts';
import { teach } from '../../../../trainer/training/distillation.ts';
import { startTensorflow } from '../../../../trainer/training/models/tensorflow.ts';
import type { Checkpoint } from '../../../../trainer/training/checkpoint.ts';
import { forEpochs } from '../../../../trainer/training/training-budget.ts';
import { keepCheckpoint } from '../keep-checkpoint.ts';
import {
  type HeadTrainingOptions,
  openHeadTraining,
  trainHead,
} from '../../../../trainer/training/train-head.ts';
import { barSet, barSpec } from '../../../support/image-model.ts';
import type { TrainedHead } from '../../../../trainer/training/head-training.ts';

/** Of the best epoch's weights and the recorded epochs, on every machine and in every runtime. */
const DIGEST = 'c4f27620c7f6e6a90b330a3ecce1b3147ac35f5a2165cb3b955e10fa801f6df7';

/** Every kind of layer that a spec can ask for. */
const NETWORK = networkSchema.parse([
  { type: 'conv2d', filters: 5, activation: 'linear' },
  { type: 'batchNormalization' },
  { type: 'activation', activation: 'leakyRelu' },
  { type: 'maxPool' },
  { type: 'depthwiseConv2d', activation: 'elu' },
  { type: 'conv2d', filters: 6, kernelSize: 1, activation: 'tanh' },
  { type: 'averagePool', strides: 1, padding: 'same' },
  { type: 'conv2d', filters: 7, strides: 2, padding: 'valid', activation: 'relu6' },
  { type: 'dropout', rate: 0.2 },
  { type: 'flatten' },
]);

export function testTrainableLayers(kernels: WebAssembly.Module, wasm: WasmModules): void {
  const spec = barSpec('bars', {
    network: NETWORK,
    head: [{ units: 6, activation: 'sigmoid', dropout: 0.1, normalization: 'batch' }],
    training: trainingSchema.parse({
      epochs: 5,
      batchSize: 16,
      learningRate: 0.01,
      warmup: 0.5,
      schedule: 'cosine',
      stopOn: 'worst',
      distillation: { kind: 'focal', temperature: 2, base: 1, right: 5 },
      anchor: 0.1,
      interpolation: 'validation',
    }),
  });
  const random = createRandom(5);
  const trunk = initialTrunk(spec, random);
  const initial = initialHead(spec, trunkSize({ spec }, 64), random);
  const learnt = barSet(60, 1);
  const answers = Float32Array.from({ length: 180 }, (_, i) => ((i * 7) % 11) / 11);
  const data = {
    train: {
      ...learnt,
      teacher: teach(kernels, answers, learnt.labels, spec.training.distillation, 'classification'),
    },
    watched: [
      { id: 'old', past: true, set: barSet(40, 2) },
      { id: 'new', past: false, set: barSet(20, 4) },
    ],
  };
  const options = async (): Promise<HeadTrainingOptions> => {
    if (trunk === null) throw new Error('the spec has a network');
    return {
      training: spec.training,
      task: 'classification',
      seed: 5,
      dropout: [0.1],
      fromChampion: true,
      kernels,
      trunk: { initial: trunk, tf: await startTensorflow(wasm), unfrozen: false },
    };
  };
  const digestOf = ({ layers, trunk: trained, course, part }: TrainedHead): string => {
    const head = layers.map((layer) => tensorsOf(layer).map(({ data: numbers }) => [...numbers]));
    const network = [...(trained?.tensors ?? [])].map(([name, { data: numbers }]) => [name, [...numbers]]);
    return sha256Hex(JSON.stringify({ head, network, course, part }));
  };

  test('a whole training, with all that a recipe can ask for, ends in the same bits everywhere', async () => {
    const trained = await trainHead(data, initial, await options());
    expect(trained.course.epochs).toHaveLength(5);
    expect(trained.course.epochs.at(-1)?.loss).toBeLessThan(trained.course.epochs[0]?.loss ?? 0);
    expect(digestOf(trained)).toBe(DIGEST);
  });

  test('a training that is left after every epoch ends in the same bits as one that is not', async () => {
    const how = await options();
    let checkpoint: Checkpoint | undefined;
    for (let over = false; !over;) {
      const training = await openHeadTraining(data, initial, how, checkpoint);
      over = await training.run(forEpochs(2));
      checkpoint = await keepCheckpoint(training.checkpoint());
      training.release();
    }
    const last = await openHeadTraining(data, initial, how, checkpoint);
    expect(await last.run(forEpochs(5))).toBe(true);
    expect(digestOf(last.finish())).toBe(DIGEST);
    last.release();
  });

  test('two phases that are left after every epoch end in the same bits as two that are not', async () => {
    const how = await options();
    if (how.trunk === undefined) throw new Error('the spec has a network');
    const training = { ...spec.training, epochs: 2, unfreeze: { blocks: 1, epochs: 2, rateFactor: 0.5 } };
    // Any features will do for a head by itself.
    const features = Float32Array.from(
      { length: 60 * trunkSize({ spec }, 64) },
      (_, i) => ((i * 13) % 17) / 17,
    );
    const { train, watched } = data;
    const first = { data: { train: { ...train, features }, watched: [] } };
    const phases = { ...how, training, first, trunk: { ...how.trunk, unfrozen: true } };
    const whole = digestOf(await trainHead({ train, watched }, initial, phases));
    let checkpoint: Checkpoint | undefined;
    let groups = 0;
    for (let over = false; !over; groups++) {
      const left = await openHeadTraining({ train, watched }, initial, phases, checkpoint);
      over = await left.run(forEpochs(1));
      checkpoint = await keepCheckpoint(left.checkpoint());
      left.release();
    }
    expect(groups).toBe(4);
    const last = await openHeadTraining({ train, watched }, initial, phases, checkpoint);
    const trained = last.finish();
    last.release();
    expect(trained.course.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(digestOf(trained)).toBe(whole);
  });
}
