/**
 * The house stays as it is measured: `npm run measure:house -- --list` names what stands behind a figure.
 */
import path from 'node:path';
import { expect, it } from 'vitest';
import { AIMS, CONTEXT } from './aims.ts';
import { findCircles, longestChain } from './graph.ts';
import { measureHouse } from './measures.ts';
import { listFiles, readSource, readSources } from './sources.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Some twenty: who adds a check is not stopped, who adds a fourth protocol divides. */
const MOST_FILES = AIMS.filesInAFolder + 4;
const house = measureHouse(readSources(ROOT), listFiles(ROOT), CONTEXT);

it('no folder holds more files than one looks through', () => {
  const full = house.folders.filter(([folder, files]) => files > MOST_FILES && !/\/dist\b/.test(folder));
  expect(full).toEqual([]);
});

it('files import each other in no circle, types included', () => {
  expect(house.circles).toEqual([]);
});

it('every exported function says what it is', () => {
  const silent = house.undocumented.map(({ path: file, what }) => `${file}:${what.line} ${what.name}`);
  expect(silent).toEqual([]);
});

it('what only one side uses does not lie in shared/', () => {
  expect(house.oneSided.length).toBeLessThanOrEqual(AIMS.oneSided);
});

it('a planted circle of types, a planted chain and a function without a word are found', () => {
  const known = new Set(['shared/a.ts', 'shared/b.ts', 'shared/c.ts']);
  const text = [
    "import type { B } from './b.ts';",
    'export function f(): B { return 1; }',
    '/** Says what it is. */',
    'export const g = (): B => 1;',
    '',
  ].join('\n');
  const a = readSource('shared/a.ts', text, known);
  expect(a.imports).toEqual([{ to: 'shared/b.ts', kind: 'type', names: ['B'] }]);
  expect(a.exportedFunctions).toEqual([
    { name: 'f', line: 2, hasDocstring: false },
    { name: 'g', line: 4, hasDocstring: true },
  ]);
  const graph = new Map([
    ['a', new Set(['b'])],
    ['b', new Set(['a', 'c'])],
    ['c', new Set<string>()],
  ]);
  expect(findCircles(graph).map((circle) => circle.sort())).toEqual([['a', 'b']]);
  expect(longestChain(graph)).toHaveLength(2);
});
