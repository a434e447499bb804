/**
 * Products that skip zeros, by panels of weights that are objects of the engine (source/inference/panel.wat): the same
 * bits as `dense_sparse` gives, faster where nothing guards the memory.
 */
import { SPARSE_TABLE_FLOATS, sparseBlocks, type InferenceKernels } from './inference.ts';

type Address = number;

declare const panel: unique symbol;
/** 32 columns of a layer's weights, and their biases. */
interface Panel {
  readonly [panel]: never;
}

/** A layer's weights, and what multiplies by them. */
export interface Panels {
  readonly panels: readonly Panel[];
  readonly multiply: PanelKernels['multiply_panel'];
}

export interface PanelKernels {
  readonly create_panel: (weights: Address, depth: number) => Panel;
  readonly multiply_panel: (
    panel: Panel,
    x: Address,
    places: Address,
    out: Address,
    rows: number,
    depth: number,
    columns: number,
    stride: number,
    low: number,
    high: number,
  ) => void;
}

const PANEL_COLUMNS = 32;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Of an object, and of the reference to it. */
const ROW_OVERHEAD_BYTES = 24;

/**
 * @param module  `panel.wasm`, compiled
 * @param memory  the one that the inference kernels work on
 */
export function instantiatePanels(module: WebAssembly.Module, memory: WebAssembly.Memory): PanelKernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as PanelKernels;
}

/** Bytes that a layer's panels take outside of the memory; undefined where a panel would not be whole. */
export function panelsSize(depth: number, columns: number): number | undefined {
  if (columns % PANEL_COLUMNS !== 0) return undefined;
  const rows = (1 + depth) * (columns / PANEL_COLUMNS);
  return rows * (PANEL_COLUMNS * FLOAT_BYTES + ROW_OVERHEAD_BYTES);
}

/** @param weights  by `pack_sparse`; copied, except for the table in front, which `bindPanels` goes on using */
export function createPanels(
  kernels: PanelKernels,
  weights: Address,
  depth: number,
  columns: number,
): Panels {
  const first = weights + SPARSE_TABLE_FLOATS * FLOAT_BYTES;
  const bytes = (1 + depth) * PANEL_COLUMNS * FLOAT_BYTES;
  const panels = Array.from({ length: columns / PANEL_COLUMNS }, (_, i) =>
    kernels.create_panel(first + i * bytes, depth),
  );
  return { panels, multiply: kernels.multiply_panel };
}

/** `dense_sparse` with the weights of `createPanels`. */
export function bindPanels(
  { find_nonzero: findNonzero }: InferenceKernels,
  { panels, multiply }: Panels,
  ...[x, weights, out, rows, depth, columns, low, high, places]: Parameters<InferenceKernels['dense_sparse']>
): () => void {
  const { stride, blockRows } = sparseBlocks(depth);
  const products = panels.map((panel, i) => ({ panel, column: i * PANEL_COLUMNS * FLOAT_BYTES }));
  return () => {
    for (let row = 0; row < rows; row += blockRows) {
      const count = Math.min(blockRows, rows - row);
      const from = x + row * depth * FLOAT_BYTES;
      const to = out + row * columns * FLOAT_BYTES;
      findNonzero(from, weights, count, depth, places);
      for (const { panel, column } of products)
        multiply(panel, from, places, to + column, count, depth, columns, stride, low, high);
    }
  };
}
