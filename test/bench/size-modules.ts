/**
 * esbuild's account of a bundle, summed up: our folders and other people's packages.
 */

/** What this needs of esbuild's metafile. */
export interface Metafile {
  readonly inputs: Readonly<
    Record<string, { readonly imports: readonly { readonly path: string; readonly kind: string }[] }>
  >;
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

export interface ModuleGroup {
  readonly name: string;
  readonly bytes: number;
}

/** The heaviest first. */
export function groupModules({ outputs }: Metafile): ModuleGroup[] {
  const groups = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = groupOf(file);
      groups.set(name, (groups.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...groups].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

/** `zod`, `@noble/hashes`, `shared/model`, `functions` */
function groupOf(file: string): string {
  const inPackages = file.lastIndexOf('node_modules/');
  const parts = file.slice(inPackages === -1 ? 0 : inPackages + 'node_modules/'.length).split('/');
  if (inPackages !== -1) return parts.slice(0, parts[0]?.startsWith('@') === true ? 2 : 1).join('/');
  return parts.slice(0, parts.length > 2 ? 2 : 1).join('/');
}

/**
 * The way on which a package is evaluated as soon as a file is: files, each of which imports the next. Null where no
 * way leads there but by `import()`, which waits until somebody needs it.
 */
export function findEagerWay({ inputs }: Metafile, from: string, name: string): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  // A map goes on over what is added meanwhile.
  for (const file of cameFrom.keys()) {
    if (groupOf(file) === name) return wayTo(file, cameFrom);
    for (const { path, kind } of inputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && !cameFrom.has(path)) cameFrom.set(path, file);
    }
  }
  return null;
}

function wayTo(file: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const before = cameFrom.get(file) ?? null;
  return before === null ? [file] : [...wayTo(before, cameFrom), file];
}
