/**
 * A class that has no examples yet is there all the same: its output exists and says nothing, until there are some.
 */
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

/** A published head that can be trained further: classes that were silent begin anew. */
export function restoreClasses(layers: readonly DenseLayer[]): readonly DenseLayer[] {
  const biases = layers.at(-1)?.bias.data ?? new Float32Array();
  const silent = [...biases.keys()].filter((id) => biases[id] === SILENT);
  if (silent.length === 0) return layers;
  const others = biases.filter((bias) => bias !== SILENT);
  const bias = others.length === 0 ? 0 : Math.min(...others) - STEP_BACK;
  return withOutputs(layers, silent, () => bias);
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
