/**
 * ARCHITECTURE.md beside the tree: its picture of who reads whom, and the files that it names.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = ['functions', 'shared', 'trainer'];

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly file: string;
}

let text: string;
let folders: Set<string>;
let arrows: Arrow[];

beforeAll(async () => {
  text = await readFile(path.join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const files = (await Promise.all(SOURCES.map(listSources))).flat();
  folders = new Set(files.map((file) => path.dirname(file)));
  arrows = (await Promise.all(files.map(findArrows))).flat();
});

async function listSources(folder: string): Promise<string[]> {
  const names = await readdir(path.join(ROOT, folder), { recursive: true });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => path.join(folder, name));
}

/** Where a file's imports lead, types included, beyond its own folder. */
async function findArrows(file: string): Promise<Arrow[]> {
  const code = await readFile(path.join(ROOT, file), 'utf8');
  const from = path.dirname(file);
  return readImports(code)
    .map((specifier) => path.dirname(path.join(from, specifier)))
    .filter((to) => to !== from)
    .map((to) => ({ from, to, file }));
}

function readImports(code: string): string[] {
  return [...code.matchAll(/(?:\bfrom|\bimport\(|^import) ?'(\.{1,2}\/[^']+\.ts)'/gm)].map(
    ([, found = '']) => found,
  );
}

/** The lines of the picture, from the top: groups of folders, of which those in brackets know each other. */
function readPicture(markdown: string): string[][][] {
  const [, picture = ''] = /<!-- picture -->\n\n```\n([^]*?)```/.exec(markdown) ?? [];
  return picture
    .trimEnd()
    .split('\n')
    .map((line) =>
      [...line.slice(21).matchAll(/\[([^\]]+)\]|(\S+)/g)].map(([, group, one = '']) =>
        (group ?? one).split(' '),
      ),
    );
}

/** Arrows that lead up, or aside to a folder that is no neighbour in brackets. */
function findUpward(picture: readonly (readonly (readonly string[])[])[], all: readonly Arrow[]): Arrow[] {
  const places = new Map<string, { readonly line: number; readonly group: number }>();
  for (const [line, groups] of picture.entries()) {
    for (const [group, names] of groups.entries()) {
      for (const name of names) places.set(name, { line, group });
    }
  }
  return all.filter(({ from, to }) => {
    const [a, b] = [places.get(from), places.get(to)];
    if (a === undefined || b === undefined) return true;
    return a.line === b.line ? a.group !== b.group : b.line < a.line;
  });
}

test('the picture has every folder once', () => {
  expect(readPicture(text).flat(2).sort()).toEqual([...folders].sort());
});

test('every folder reads only from those further down', () => {
  expect(arrows.length).toBeGreaterThan(1_000);
  expect(findUpward(readPicture(text), arrows)).toEqual([]);
});

test('folders in brackets do know each other, or they would stand apart', () => {
  for (const group of readPicture(text).flat()) {
    for (const folder of group.length > 1 ? group : []) {
      const others = arrows.filter(
        ({ from, to }) => from !== to && group.includes(from) && group.includes(to),
      );
      expect(
        others.some(({ from }) => from === folder),
        folder,
      ).toBe(true);
      expect(
        others.some(({ to }) => to === folder),
        folder,
      ).toBe(true);
    }
  }
});

test('an arrow that leads up is found, and one to a folder that nobody drew', () => {
  const picture = readPicture(text);
  const planted = [
    { from: 'shared', to: 'trainer/run', file: 'shared/a.ts' },
    { from: 'trainer/labels', to: 'trainer/pipeline/judge', file: 'trainer/labels/a.ts' },
    { from: 'trainer/run', to: 'trainer/new', file: 'trainer/run/a.ts' },
  ];
  expect(findUpward(picture, [...arrows, ...planted])).toEqual(planted);
  expect(
    readImports("import type { A } from '../a.ts';\nimport '../b.ts';\nawait import('../c.ts');"),
  ).toHaveLength(3);
});

test('every file that is named from the root is there', () => {
  const named = [...text.matchAll(/`((?:functions|shared|trainer|test)\/[\w./-]+\.ts)`/g)].map(
    ([, file = '']) => file,
  );
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});
