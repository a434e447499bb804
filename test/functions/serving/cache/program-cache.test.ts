import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createProgramCache } from '../../../../functions/serving/cache/program-cache.ts';
import type { Program } from '../../../../shared/model/run/program.ts';

function createProgram(disposed: string[], name: string): Program {
  const shape = { inputShape: [1], outputShape: [1], inputSize: 1, outputSize: 1, heapBytes: 0 };
  const run = () => new Float32Array();
  return { ...shape, run, runWritten: run, dispose: () => void disposed.push(name) };
}

test('the program not used for longest makes room', () => {
  const disposed: string[] = [];
  const cache = createProgramCache(20);
  cache.put('a', createProgram(disposed, 'a'), 10, []);
  cache.put('b', createProgram(disposed, 'b'), 10, []);
  cache.get('a');
  cache.put('c', createProgram(disposed, 'c'), 10, []);
  expect(disposed).toEqual(['b']);
  expect(cache.get('a')).toBeDefined();
});

test('what belongs together stays together, even above the budget', () => {
  const disposed: string[] = [];
  const cache = createProgramCache(20);
  cache.put('base', createProgram(disposed, 'base'), 30, []);
  cache.put('head', createProgram(disposed, 'head'), 5, ['base']);
  expect(disposed).toEqual([]);
});

test('a program that takes the place of another under the same key disposes of it', () => {
  const disposed: string[] = [];
  const cache = createProgramCache(20);
  cache.put('a', createProgram(disposed, 'first'), 10, []);
  cache.put('a', createProgram(disposed, 'second'), 12, []);
  expect([disposed, cache.bytes()]).toEqual([['first'], 12]);
});

test('every program is either here or disposed of exactly once, and the budget holds but for the newest', () => {
  const put = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), bytes: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(fc.array(put, { maxLength: 30 }), (puts) => {
      const disposed: string[] = [];
      const cache = createProgramCache(50);
      for (const [i, { key, bytes }] of puts.entries()) {
        cache.put(key, createProgram(disposed, String(i)), bytes, []);
        expect(cache.bytes()).toBeLessThanOrEqual(50);
      }
      const here = ['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined).length;
      expect(new Set(disposed).size).toBe(disposed.length);
      expect(here + disposed.length).toBe(puts.length);
    }),
  );
});
