/**
 * Where each value of a plan lies in one block of memory, so that values alive at the same time never overlap.
 *
 * Largest first, each at the lowest offset that is free during its whole life: "greedy by size" of Pisarchyk & Lee
 * 2020, arXiv:2001.03288. A reshape shares its input's place; an elementwise op overwrites its input where that is
 * its last use.
 */
import { BINARY_OPS, UNARY_OPS } from '../plan/ops.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { sameShape, sizeOf, type Shape } from '../plan/tensor.ts';

export interface Layout {
  /** By value: bytes from the block's start. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

/** SIMD kernels read up to 16 bytes past a tensor; values keep a cache line between them. */
const ALIGNMENT = 64;
const SLACK_BYTES = 16;

/** Read each element once, before they write it. */
const IN_PLACE: ReadonlySet<PlanNode['op']> = new Set([
  ...UNARY_OPS,
  ...BINARY_OPS,
  'leakyRelu',
  'clip',
  'softmax',
] as const);

interface Storage {
  bytes: number;
  readonly birth: number;
  /** The last node that touches it. */
  death: number;
  offset: number;
}

/**
 * @param plan  checked by parsePlan
 * @param rows  examples that run at once
 */
export function layOut(plan: Plan, rows: number): Layout {
  const storages = shareStorage(plan, rows);
  const placed: Storage[] = [];
  for (const storage of [...new Set(storages)].sort((a, b) => b.bytes - a.bytes)) {
    storage.offset = lowestFreeOffset(storage, placed);
    placed.push(storage);
  }
  const ends = placed.map(({ offset, bytes }) => offset + bytes);
  return { offsets: storages.map(({ offset }) => offset), bytes: Math.max(...ends) };
}

/** By value, its storage. The input is born before node 0; the output outlives the last node. */
function shareStorage({ inputShape, nodes }: Plan, rows: number): Storage[] {
  const lastUses = findLastUses(nodes);
  const bytesOf = (shape: readonly number[]) => align(rows * sizeOf(shape) * 4 + SLACK_BYTES);
  const storages: Storage[] = [{ bytes: bytesOf(inputShape), birth: -1, death: lastUses[0] ?? 0, offset: 0 }];
  for (const [i, node] of nodes.entries()) {
    const death = lastUses[i + 1] ?? nodes.length;
    const [first = 0] = node.inputs;
    const input = storages[first];
    const shape = first === 0 ? inputShape : (nodes[first - 1]?.shape ?? []);
    if (input !== undefined && sharesInput(node, shape, input.death === i)) {
      input.death = Math.max(input.death, death);
      storages.push(input);
    } else {
      storages.push({ bytes: bytesOf(node.shape), birth: i, death, offset: 0 });
    }
  }
  return storages;
}

/** By value: the last node that reads it; undefined for the output. */
function findLastUses(nodes: readonly PlanNode[]): (number | undefined)[] {
  const lastUses: (number | undefined)[] = [];
  for (const [i, node] of nodes.entries()) for (const input of node.inputs) lastUses[input] = i;
  return lastUses;
}

/** A stretched input is smaller than what it becomes. */
function sharesInput(node: PlanNode, inputShape: Shape, inputDies: boolean): boolean {
  if (node.op === 'reshape') return true;
  return inputDies && IN_PLACE.has(node.op) && sameShape(inputShape, node.shape);
}

function lowestFreeOffset(storage: Storage, placed: readonly Storage[]): number {
  const rivals = placed
    .filter((other) => other.birth <= storage.death && storage.birth <= other.death)
    .sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const rival of rivals) {
    if (offset + storage.bytes <= rival.offset) break;
    offset = Math.max(offset, rival.offset + rival.bytes);
  }
  return offset;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
