/**
 * Breaks the judges' code one small piece at a time and counts how often its tests notice. `HELP` says how it is called.
 *
 * It mutates a copy of the tree in a temporary folder, never the tree itself. Texts and the report's looks are left out.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, shuffle } from '../../../shared/random.ts';
import { readCount, readNames, readOptions } from '../usage.ts';
import { whyEquivalent } from './equivalent-mutants.ts';
import { type Area, AREAS, type Mutant, mutantsOf, NO_JUDGES, ownTest } from './mutations.ts';
import { rowOf } from './table.ts';

const HELP = `npm run bench:mutants -- [options]

Breaks the exam, the referee with its ledger, the data's split and windows and the gathering of evidence in one place each,
and counts how often a test notices. It ends with 1 where fewer than 95 of 100 were.

  --count <n>    changes (default 100, shared out over the areas by how many there are)
  --seed <n>     which ones (default 1)
  --only <area>  some of ${AREAS.map(({ name }) => name).join(', ')}
  --json <file>  writes the row as JSON
  --help         this text
`;

const LEAST_NOTICED = 95;

const values = readOptions(
  {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
  HELP,
);
const count = readCount('--count', values.count, HELP);
const seed = readCount('--seed', values.seed, HELP);
const names = AREAS.map(({ name }) => name);
const wanted = values.only === undefined ? names : readNames('--only', values.only, names, HELP);
const areas = AREAS.filter(({ name }) => wanted.includes(name));

const ROOT = new URL('../../../', import.meta.url).pathname;
const COPIED = ['shared', 'trainer', 'functions', 'test', 'docs', 'package.json', 'vitest.config.ts'];
const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
try {
  for (const part of [...COPIED, 'tsconfig.json', 'tsconfig.base.json']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  process.exitCode = breakAll() ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** @returns whether enough were noticed */
function breakAll(): boolean {
  for (const { name, tests } of areas) {
    if (fails(tests)) throw new Error(`expected the tests of the ${name} to pass before anything is broken`);
  }
  const all = areas
    .flatMap((area) => filesOf(area).map((file) => ({ area, file })))
    .flatMap(({ area, file }) =>
      mutantsOf(file, readFileSync(join(ROOT, file), 'utf8')).map((mutant) => ({ area, mutant })),
    );
  const order = shuffle(
    Int32Array.from(all, (_, i) => i),
    createRandom(seed),
  );
  const chosen = [...order]
    .map((i) => all[i] as (typeof all)[number])
    .filter(({ mutant }) => whyEquivalent(mutant) === null)
    .slice(0, count);
  let found = 0;
  for (const { area, mutant } of chosen) {
    const seen = noticed(area, mutant);
    if (seen) found++;
    else
      console.log(
        `survived  ${mutant.file}:${mutant.line + 1}\n  - ${mutant.before.trim()}\n  + ${mutant.after.trim()}`,
      );
  }
  const share = (100 * found) / chosen.length;
  const row = rowOf(`mutants of ${wanted.join(', ')}; seed ${seed}`, '% noticed', share, {
    atLeast: LEAST_NOTICED,
  });
  console.log(`${found} of ${chosen.length} mutants noticed (${share.toFixed(0)} %), of ${all.length}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify([row], null, 2)}\n`);
  return row.met === true;
}

function filesOf({ sources }: Area): string[] {
  return globSync([...sources], { cwd: ROOT })
    .filter((file) => !NO_JUDGES.test(file))
    .sort();
}

/** By the file's own test first, as that notices most, and soonest. */
function noticed({ tests }: Area, mutant: Mutant): boolean {
  writeLine(mutant, mutant.after);
  const own = ownTest(mutant.file);
  const seen = (existsSync(join(folder, own)) && fails([own])) || fails(tests);
  writeLine(mutant, mutant.before);
  return seen;
}

/** Whether a test fails, or does not end; simulations of error rates are left out, as they take longest and notice least. */
function fails(tests: readonly string[]): boolean {
  const args = ['run', '--project', 'node', ...tests, '--pool=threads', '--no-isolate', '--bail', '1'];
  const { status } = spawnSync(
    join(folder, 'node_modules/.bin/vitest'),
    [...args, '-t', '^(?!.*(simulated|covers|misses))'],
    { cwd: folder, timeout: 600_000 },
  );
  return status !== 0;
}

function writeLine({ file, line }: Mutant, text: string): void {
  const path = join(folder, file);
  const lines = readFileSync(path, 'utf8').split('\n');
  lines[line] = text;
  writeFileSync(path, lines.join('\n'));
}
