/**
 * A class that has no examples yet is there all the same: its output exists and says nothing, until there are some. A class
 * that was added since has no output yet: it gets one.
 */
import { widenRows } from '../../shared/bytes.ts';
import type { DenseLayer } from './head.ts';

/** Before softmax: e^-60 of anything is nothing in single precision, and no kernel's exponential has trouble with it. */
const SILENT = -60;
/** Below the least bias of the others: awake, but not yet in anybody's way. */
const STEP_BACK = 1;

/** Head whose absent classes are never predicted. @param absent  class ids */
export function suppressClasses(
  layers: readonly DenseLayer[],
  absent: readonly number[],
): readonly DenseLayer[] {
  return absent.length === 0 ? layers : withOutputs(layers, absent, () => SILENT);
}

/**
 * A published head that can be trained further: classes that were silent, or are new, begin anew.
 *
 * @param classes  how many there are now, at least as many as the head has outputs
 */
export function restoreClasses(published: readonly DenseLayer[], classes: number): readonly DenseLayer[] {
  const layers = addOutputs(published, classes);
  const biases = layers.at(-1)?.bias.data ?? new Float32Array();
  const silent = [...biases.keys()].filter((id) => biases[id] === SILENT);
  if (silent.length === 0) return layers;
  const others = biases.filter((bias) => bias !== SILENT);
  const bias = others.length === 0 ? 0 : Math.min(...others) - STEP_BACK;
  return withOutputs(layers, silent, () => bias);
}

/** The last layer with outputs for classes that it did not have, silent. */
function addOutputs(layers: readonly DenseLayer[], classes: number): readonly DenseLayer[] {
  const last = layers.at(-1);
  const outputs = last?.bias.data.length ?? classes;
  if (last === undefined || outputs === classes) return layers;
  const { kernel, bias } = last;
  const inputs = kernel.data.length / outputs;
  return [
    ...layers.slice(0, -1),
    {
      ...last,
      kernel: { shape: [inputs, classes], data: widenRows(kernel.data, outputs, classes) },
      bias: {
        shape: [classes],
        data: Float32Array.from({ length: classes }, (_, id) => bias.data[id] ?? SILENT),
      },
    },
  ];
}

/** The last layer with some outputs that look at nothing and have a bias of their own. */
function withOutputs(
  layers: readonly DenseLayer[],
  ids: readonly number[],
  biasOf: (id: number) => number,
): DenseLayer[] {
  const last = layers.at(-1);
  if (last === undefined) return [];
  const { kernel, bias } = last;
  const chosen = new Set(ids);
  const outputs = bias.data.length;
  return [
    ...layers.slice(0, -1),
    {
      ...last,
      kernel: { ...kernel, data: kernel.data.map((value, at) => (chosen.has(at % outputs) ? 0 : value)) },
      bias: { ...bias, data: bias.data.map((value, id) => (chosen.has(id) ? biasOf(id) : value)) },
    },
  ];
}
