import { existsSync, globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AREAS, mutantsOf, NO_JUDGES } from './mutations.ts';

test('each change is of one place of one line, and what says nothing is left alone', () => {
  const source = [
    "import { a } from './a.ts';",
    '/** a < b */',
    'const less = a < b && c === d;',
    'throw new Error(`a < b`);',
  ].join('\n');
  const mutants = mutantsOf('x.ts', source);
  expect(mutants.map(({ line, after }) => [line, after])).toEqual([
    [2, 'const less = a <= b && c === d;'],
    [2, 'const less = a > b && c === d;'],
    [2, 'const less = a < b && c !== d;'],
    [2, 'const less = a < b || c === d;'],
  ]);
});

test.each(AREAS)('the files and the tests of the $name are there', ({ sources, tests }) => {
  const files = sources.map((pattern) => globSync(pattern).filter((file) => !NO_JUDGES.test(file)));
  for (const found of files) expect(found.length).toBeGreaterThan(0);
  for (const path of tests) expect(existsSync(path)).toBe(true);
});
