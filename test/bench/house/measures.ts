/**
 * The figures by which the tree is kept: what a folder holds, how far imports reach, what only one side uses, which
 * functions are long and which do not say what they are.
 */
import path from 'node:path';
import { findCircles, type Graph, longestChain, reachedFrom } from './graph.ts';
import type { ExportedFunction, ImportKind, Source, SourceFunction } from './sources.ts';

export const LONGEST_FUNCTION = 60;
export const LONGEST_FILE = 450;

/** A file and something that stands in it. */
export interface Place<T> {
  readonly path: string;
  readonly what: T;
}

export interface HouseMeasures {
  readonly files: number;
  /** folders by how many files lie in them and not deeper, most first */
  readonly folders: readonly (readonly [folder: string, files: number])[];
  /** what must be there before the first file runs */
  readonly chain: readonly string[];
  /** types too, which weigh on a reader and not on a start */
  readonly chainWithTypes: readonly string[];
  readonly circles: readonly (readonly string[])[];
  readonly folderCircles: readonly (readonly string[])[];
  /** files of `shared/`, without the gate, that only functions or only the trainer reaches */
  readonly oneSided: readonly string[];
  readonly longFunctions: readonly Place<SourceFunction>[];
  readonly longFiles: readonly string[];
  readonly undocumented: readonly Place<ExportedFunction>[];
  readonly exportedFunctions: number;
  readonly contextFiles: readonly string[];
}

/**
 * @param sources   the tree's code
 * @param allFiles  everything that lies in it, tests and documents too
 * @param context   the file that says what a run's context is, and the name
 */
export function measureHouse(
  sources: readonly Source[],
  allFiles: readonly string[],
  context: { readonly path: string; readonly name: string },
): HouseMeasures {
  const all = fileGraph(sources, ['value', 'type', 'later']);
  const functions = reachedFrom(all, inFolder(sources, 'functions'));
  const trainer = reachedFrom(all, inFolder(sources, 'trainer'));
  return {
    files: sources.length,
    folders: countFolders(allFiles),
    chain: longestChain(fileGraph(sources, ['value'])),
    chainWithTypes: longestChain(all),
    circles: findCircles(all),
    folderCircles: findCircles(folderGraph(sources)),
    oneSided: inFolder(sources, 'shared').filter(
      (file) => !file.startsWith('shared/continuity/') && functions.has(file) !== trainer.has(file),
    ),
    longFunctions: sources.flatMap(({ path: file, functions: found }) =>
      found.filter(({ lines }) => lines > LONGEST_FUNCTION).map((what) => ({ path: file, what })),
    ),
    longFiles: sources.filter(({ lines }) => lines >= LONGEST_FILE).map(({ path: file }) => file),
    undocumented: sources.flatMap(({ path: file, exportedFunctions }) =>
      exportedFunctions.filter(({ hasDocstring }) => !hasDocstring).map((what) => ({ path: file, what })),
    ),
    exportedFunctions: sources.reduce((sum, { exportedFunctions }) => sum + exportedFunctions.length, 0),
    contextFiles: sources
      .filter(({ imports }) =>
        imports.some(({ to, names }) => to === context.path && names.includes(context.name)),
      )
      .map(({ path: file }) => file),
  };
}

/** Which file imports which, by the kinds that are asked for. */
export function fileGraph(sources: readonly Source[], kinds: readonly ImportKind[]): Graph {
  return new Map(
    sources.map(({ path: file, imports }) => [
      file,
      new Set(imports.filter(({ kind }) => kinds.includes(kind)).map(({ to }) => to)),
    ]),
  );
}

/** Which folder imports which, types included; a folder is apart from those within it. */
export function folderGraph(
  sources: readonly Source[],
  folderOf = (file: string): string => path.posix.dirname(file),
): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { path: file, imports } of sources) {
    const from = folderOf(file);
    const to = graph.get(from) ?? new Set<string>();
    graph.set(from, to);
    for (const target of imports) if (folderOf(target.to) !== from) to.add(folderOf(target.to));
  }
  return graph;
}

function inFolder(sources: readonly Source[], folder: string): string[] {
  return sources.map(({ path: file }) => file).filter((file) => file.startsWith(`${folder}/`));
}

function countFolders(files: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const file of files)
    counts.set(path.posix.dirname(file), (counts.get(path.posix.dirname(file)) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
}
