/**
 * Breaks the gate's code one small piece at a time and counts how often its tests notice.
 *
 *   node test/bench/gate/mutants.ts [how many] [seed]
 *
 * It mutates a copy of the tree in a temporary folder, never the tree itself. Texts and the report's looks are left out.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, shuffle } from '../../../shared/random.ts';

const [count = '100', seed = '1'] = process.argv.slice(2);
const ROOT = new URL('../../../', import.meta.url).pathname;
const SOURCES = 'shared/continuity/**/*.ts';
/** Renderings, and types without code. */
const LEFT_OUT = /report|html|format|evidence\.ts|interval\.ts|\.d\.ts/;

/** Each turns one spelling into another; what does not compile counts as noticed only if a test fails. */
const MUTATIONS: readonly (readonly [RegExp, string])[] = [
  [/ < /g, ' <= '],
  [/ < /g, ' > '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ <= /g, ' < '],
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ /g, ' * '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/Math\.min\(/g, 'Math.max('],
  [/Math\.max\(/g, 'Math.min('],
  [/'pass'/g, "'hold'"],
  [/'fail'/g, "'pass'"],
  [/'hold'/g, "'skip'"],
  [/'above'/g, "'below'"],
  [/\+\+/g, '--'],
  [/-policy\./g, 'policy.'],
  [/\.lower\b/g, '.upper'],
  [/\.upper\b/g, '.lower'],
  [/\bgains\b/g, 'losses'],
  [/\bcandidate\b/g, 'champion'],
];

interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** Every single change that a mutation makes to a line of code. */
function mutantsOf(file: string): Mutant[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  return lines.flatMap((text, line) => {
    if (
      /^\s*(?:\/\*\*?|\*|\/\/|import|export interface|export type|readonly|\w+: '\w+' \|)/.test(text) ||
      /`/.test(text)
    )
      return [];
    return MUTATIONS.flatMap(([pattern, replacement]) =>
      [...text.matchAll(pattern)].map((match) => ({
        file,
        line,
        before: text,
        after: text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length),
      })),
    );
  });
}

function writeLine(folder: string, { file, line }: Mutant, text: string): void {
  const path = join(folder, file);
  const lines = readFileSync(path, 'utf8').split('\n');
  lines[line] = text;
  writeFileSync(path, lines.join('\n'));
}

const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
for (const part of [
  'shared',
  'trainer',
  'test',
  'docs',
  'package.json',
  'vitest.config.ts',
  'tsconfig.json',
  'tsconfig.base.json',
]) {
  cpSync(join(ROOT, part), join(folder, part), { recursive: true });
}
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));

/** Whether a test fails; simulations of error rates are left out, as they take longest and notice least. */
function noticed(): boolean {
  const args = [
    'run',
    '--project',
    'node',
    'test/shared/continuity',
    '--pool=threads',
    '--no-isolate',
    '--bail',
    '1',
    '-t',
    '^(?!.*(simulated|covers|misses))',
  ];
  return (
    spawnSync(join(folder, 'node_modules/.bin/vitest'), args, { cwd: folder, timeout: 120_000 }).status !== 0
  );
}

const files = globSync(SOURCES, { cwd: ROOT }).filter((file) => !LEFT_OUT.test(file));
const all = files.flatMap(mutantsOf);
const order = shuffle(
  Int32Array.from(all, (_, i) => i),
  createRandom(Number(seed)),
);
if (noticed()) throw new Error('expected the tests to pass before anything is broken');
let found = 0;
const chosen = [...order.subarray(0, Number(count))].map((i) => all[i] as Mutant);
for (const mutant of chosen) {
  writeLine(folder, mutant, mutant.after);
  const seen = noticed();
  writeLine(folder, mutant, mutant.before);
  if (seen) found++;
  else
    console.log(
      `survived  ${mutant.file}:${mutant.line + 1}\n  - ${mutant.before.trim()}\n  + ${mutant.after.trim()}`,
    );
}
rmSync(folder, { recursive: true });
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
console.log(
  `${found} of ${chosen.length} mutants noticed (${((100 * found) / chosen.length).toFixed(0)} %), of ${all.length} at ${commit}`,
);
