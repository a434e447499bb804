/**
 * `npm run measure:house -- [--against <commit>] [--root <checkout>] [--list] [--bytes]`: the figures of the house, beside
 * those of another commit where one is named. `--list` says what stands behind each, `--bytes` bundles the edge as well.
 */
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { withScratch } from '../runtime.ts';
import { AIMS, CONTEXT } from './aims.ts';
import { type HouseMeasures, measureHouse } from './measures.ts';
import { listFiles, readSources } from './sources.ts';

interface Row {
  readonly what: string;
  /** what the figure should be at most; null where it is only told */
  readonly aim: number | null;
  readonly figure: string;
  /** what stands behind the figure */
  readonly names: readonly string[];
}

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const SHOWN_FOLDERS = 12;

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: PROJECT },
    against: { type: 'string' },
    list: { type: 'boolean', default: false },
    bytes: { type: 'boolean', default: false },
  },
});

const now = measure(values.root);
const before = values.against === undefined ? null : await measureCommit(values.against);
print(now, before, values.list);

function measure(root: string): Row[] {
  const rows = describe(measureHouse(readSources(root), listFiles(root), CONTEXT));
  return values.bytes ? [...rows, ...measureBytes(root)] : rows;
}

/** A commit of this repository, checked out beside it for the time of the measurement. */
function measureCommit(commit: string): Promise<Row[]> {
  return withScratch(async (scratch) => {
    const root = path.join(scratch, 'checkout');
    const git = (...args: string[]): Buffer =>
      execFileSync('git', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    git('clone', '--shared', '--no-checkout', '--quiet', PROJECT, root);
    git(
      '-C',
      root,
      'checkout',
      '--quiet',
      '--detach',
      git('-C', PROJECT, 'rev-parse', commit).toString().trim(),
    );
    symlinkSync(path.join(PROJECT, 'node_modules'), path.join(root, 'node_modules'));
    return measure(root);
  });
}

function describe(house: HouseMeasures): Row[] {
  const [[folder, files] = ['none', 0]] = house.folders;
  const row = (
    what: string,
    aim: number | null,
    names: readonly string[],
    figure = `${names.length}`,
  ): Row => ({
    what,
    aim,
    figure,
    names,
  });
  return [
    row('files of code', null, [], `${house.files}`),
    row(
      'most files in a folder',
      AIMS.filesInAFolder,
      house.folders.slice(0, SHOWN_FOLDERS).map(([name, count]) => `${count} ${name}`),
      `${files} (${folder})`,
    ),
    row('longest chain of imports', AIMS.chain, house.chain),
    row('the same with types', null, house.chainWithTypes),
    circles('circles of files, types included', house.circles),
    circles('circles of folders, types included', house.folderCircles),
    row('files of shared/ that one side uses', AIMS.oneSided, house.oneSided),
    row(
      'functions above 60 lines',
      AIMS.longFunctions,
      house.longFunctions.map(({ path: file, what }) => `${file}:${what.line} ${what.name} ${what.lines}`),
    ),
    row('files of 450 lines and more', AIMS.longFiles, house.longFiles),
    row(
      'exported functions without a docstring',
      AIMS.undocumented,
      house.undocumented.map(({ path: file, what }) => `${file}:${what.line} ${what.name}`),
      `${house.undocumented.length} of ${house.exportedFunctions}`,
    ),
    row("files that name a run's context", null, house.contextFiles),
  ];
}

function circles(what: string, found: HouseMeasures['circles']): Row {
  const figure = found.length === 0 ? '0' : found.map(({ length }) => length).join(' and ');
  return { what, aim: AIMS.circles, figure, names: found.map((circle) => circle.join(' ')) };
}

/** What `npm run check:size` of the checkout says; it fails where a budget is outgrown and has said it by then. */
function measureBytes(root: string): Row[] {
  let said: string;
  try {
    said = execFileSync(process.execPath, ['test/bench/size.ts'], { cwd: root, encoding: 'utf8' });
  } catch (cause) {
    said = cause instanceof Error && 'stdout' in cause ? String(cause.stdout) : '';
  }
  return ['edge', 'inference'].map((part) => ({
    what: `kB of the ${part}, gzip`,
    aim: null,
    figure: new RegExp(`^ *([\\d.]+) +[\\d.]+ +${part}`, 'm').exec(said)?.[1] ?? 'not to be measured',
    names: [],
  }));
}

function print(rows: readonly Row[], other: readonly Row[] | null, list: boolean): void {
  const head = other === null ? '' : `${values.against}`.slice(0, 20).padEnd(36);
  console.log(`${''.padEnd(42)}${head}${'now'.padEnd(36)}aim`);
  for (const [index, { what, figure, aim, names }] of rows.entries()) {
    const beside = other === null ? '' : (other[index]?.figure ?? '').padEnd(36);
    console.log(`${what.padEnd(42)}${beside}${figure.padEnd(36)}${aim ?? ''}`.trimEnd());
    if (list) for (const name of names) console.log(`    ${name}`);
  }
}
