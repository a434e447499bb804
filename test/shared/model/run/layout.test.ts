import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { layOut } from '../../../../shared/model/run/layout.ts';
import type { Plan, PlanNode } from '../../../../shared/model/plan/plan.ts';
import { sizeOf } from '../../../../shared/model/plan/tensor.ts';

const unary = fc.record({
  op: fc.constantFrom('relu', 'dense', 'add', 'reshape'),
  back: fc.nat(3),
  size: fc.integer({ min: 1, max: 99 }),
});

/** Sizes are free here: the layout reads shapes, it does not check them. */
const plans = fc.array(unary, { minLength: 1, maxLength: 12 }).map((parts): Plan => {
  const shapes = [[7]];
  const nodes = parts.map(({ op, back, size }, i) => {
    const inputs = op === 'add' ? [i, Math.max(0, i - back)] : [Math.max(0, i - back)];
    const shape = op === 'dense' ? [size] : (shapes[inputs[0] ?? 0] ?? []);
    shapes.push(shape);
    return { op, name: '', inputs, shape } as unknown as PlanNode;
  });
  return { format: 'holdfast-plan/1', inputShape: [7], nodes, weightsBytes: 0 };
});

test('a value keeps its place untouched until its last reader', () => {
  fc.assert(
    fc.property(plans, fc.integer({ min: 1, max: 32 }), (plan, rows) => {
      const { offsets, bytes } = layOut(plan, rows);
      const shapes = [plan.inputShape, ...plan.nodes.map((node) => node.shape)];
      // Memory as cells, each holding the value that was written last; a reshape renames what it takes.
      const cells = new Map<number, number>();
      const names = new Map<number, number>();
      const cellsOf = (value: number) =>
        Array.from({ length: rows * sizeOf(shapes[value] ?? []) }, (_, i) => (offsets[value] ?? 0) / 4 + i);
      const nameOf = (value: number): number => names.get(value) ?? value;
      for (const cell of cellsOf(0)) cells.set(cell, 0);
      for (const [i, node] of plan.nodes.entries()) {
        for (const input of node.inputs) {
          for (const cell of cellsOf(input)) expect(cells.get(cell)).toBe(nameOf(input));
        }
        if (node.op === 'reshape') names.set(i + 1, nameOf(node.inputs[0] ?? 0));
        else for (const cell of cellsOf(i + 1)) cells.set(cell, i + 1);
        expect(Math.max(...cellsOf(i + 1)) * 4 + 4).toBeLessThanOrEqual(bytes);
      }
      const output = plan.nodes.length;
      for (const cell of cellsOf(output)) expect(cells.get(cell)).toBe(nameOf(output));
    }),
  );
});

test('a long chain takes two buffers', () => {
  const nodes = Array.from(
    { length: 20 },
    (_, i) => ({ op: 'dense', name: '', inputs: [i], shape: [16] }) as unknown as PlanNode,
  );
  const plan: Plan = { format: 'holdfast-plan/1', inputShape: [16], nodes, weightsBytes: 0 };
  expect(layOut(plan, 1).bytes).toBe(2 * 128);
});
