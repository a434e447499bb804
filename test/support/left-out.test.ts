import { expect, test } from 'vitest';
import type { TestModule } from 'vitest/node';
import { NO_DATA } from './data.ts';
import { describeLeftOut, LeftOut } from './left-out.ts';

const names = [
  `Elec2, from its file to a second version (${NO_DATA}) > imports`,
  `Elec2, from its file to a second version (${NO_DATA}) > trains`,
  `csv > reads Elec2 without a problem (${NO_DATA})`,
];

test('says how many tests were left out, what they cover, each once, and where the data comes from', () => {
  const lines = describeLeftOut(names)?.trim().split('\n') ?? [];
  expect(lines[0]).toBe(
    'LEFT OUT: 3 tests with real data did not run, as there is none at HOLDFAST_DATA. They cover:',
  );
  expect(lines.slice(1, 3)).toEqual([
    '  - Elec2, from its file to a second version',
    '  - csv > reads Elec2 without a problem',
  ]);
  expect(lines.at(-1)).toMatch(/docs\/benchmarks\.md says where each file comes from/);
});

test('says nothing where none was', () => {
  expect(describeLeftOut([])).toBeNull();
});

test('finds them among what a run skipped, and leaves others alone', () => {
  const skipped = [...names, 'needs a browser > predicts'].map((fullName) => ({ fullName }));
  const module = { children: { allTests: () => skipped } } as unknown as TestModule;
  const printed: string[] = [];
  new LeftOut((text) => printed.push(text)).onTestRunEnd([module]);
  expect(printed.join('\n')).toContain('LEFT OUT: 3 tests');
  expect(printed.join('\n')).not.toContain('browser');
});
