/**
 * A reporter that says, at the end of a run, which tests were left out for want of real data, what they cover and where the
 * data comes from: a run that is green without them has shown less than one with them.
 */
import type { Reporter, TestModule } from 'vitest/node';
import { NO_DATA } from './data.ts';

/** Without it, the modules' own names would be all that is known of them. */
const NOTE = ` (${NO_DATA})`;

export class LeftOut implements Reporter {
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void = console.log) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = modules.flatMap(({ children }) =>
      [...children.allTests('skipped')].map(({ fullName }) => fullName).filter((name) => name.includes(NOTE)),
    );
    const text = describeLeftOut(names);
    if (text !== null) this.#print(text);
  }
}

/**
 * @param names  full names of the tests that carry the note
 * @returns null where none was left out
 */
export function describeLeftOut(names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const covers = [...new Set(names.map((name) => name.slice(0, name.indexOf(NOTE))))];
  const count = names.length === 1 ? '1 test' : `${names.length} tests`;
  return [
    '',
    `LEFT OUT: ${count} with real data did not run, as there is none at HOLDFAST_DATA. They cover:`,
    ...covers.map((name) => `  - ${name}`),
    'HOLDFAST_DATA names the folder (default ../shared/data); docs/benchmarks.md says where each file comes from.',
    '',
  ].join('\n');
}
