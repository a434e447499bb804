/**
 * The tree's own code as data: which file imports which and how, what its functions are called, how long they are, and
 * which of those it exports say what they are. Read by a parser, so that comments and texts that look like code do not count.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync, type Program, type StaticImport, Visitor } from 'oxc-parser';

/** `value`: needed before the file runs; `type`: gone when it runs; `later`: `import()`, when it is first asked for. */
export type ImportKind = 'value' | 'type' | 'later';

export interface Import {
  /** from the repository's root, `shared/result.ts` */
  readonly to: string;
  readonly kind: ImportKind;
  /** as the imported file calls them; empty for `import()` and for all of a module */
  readonly names: readonly string[];
}

export interface SourceFunction {
  readonly name: string;
  /** of its first character, from 1 */
  readonly line: number;
  readonly lines: number;
}

export interface ExportedFunction {
  readonly name: string;
  readonly line: number;
  readonly hasDocstring: boolean;
}

export interface Source {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly functions: readonly SourceFunction[];
  readonly exportedFunctions: readonly ExportedFunction[];
}

const CODE = /^(?:client|functions|shared|trainer)\/.*\.(?:ts|mjs)$/;
const MADE = /\/dist\/|\.d\.ts$/;

/** Every file that git knows or would add, from the repository's root. */
export function listFiles(root: string): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
  return names.filter((name) => name !== '' && existsSync(path.join(root, name))).sort();
}

/** The code of the project without its tests and without what is compiled from it. */
export function readSources(root: string): Source[] {
  const names = listFiles(root).filter((name) => CODE.test(name) && !MADE.test(name));
  const known = new Set(names);
  return names.map((name) => readSource(name, readFileSync(path.join(root, name), 'utf8'), known));
}

/** @param known  the files that an import can lead to; what leads elsewhere is not part of the tree */
export function readSource(name: string, text: string, known: ReadonlySet<string>): Source {
  const { program, module, comments, errors } = parseSync(name, text);
  if (errors[0] !== undefined) throw new Error(`${name}: ${errors[0].message}`);
  const lineOf = lineFinder(text);
  const resolve = (specifier: string): string[] => {
    const to = path.posix.join(path.posix.dirname(name), specifier);
    return specifier.startsWith('.') && known.has(to) ? [to] : [];
  };
  const later = module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) =>
    resolve(text.slice(start + 1, end - 1)),
  );
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null || moduleRequest === undefined
        ? []
        : resolve(moduleRequest.value).map((to) => ({ to, kind: kindOf(isType), names: [] })),
    ),
  );
  const docstrings = new Set(
    comments
      .filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
      .map(({ end }) => text.length - text.slice(end).trimStart().length),
  );
  return {
    path: name,
    lines: text.split('\n').length - 1,
    imports: [
      ...module.staticImports.flatMap((from) =>
        resolve(from.moduleRequest.value).map((to) => described(from, to)),
      ),
      ...exported,
      ...later.map((to) => ({ to, kind: 'later' as const, names: [] })),
    ],
    functions: functionsOf(program, lineOf),
    exportedFunctions: exportedFunctionsOf(program, lineOf, docstrings),
  };
}

function kindOf(isType: boolean): 'type' | 'value' {
  return isType ? 'type' : 'value';
}

function described({ entries }: StaticImport, to: string): Import {
  const isType = entries.length > 0 && entries.every((entry) => entry.isType);
  const names = entries.flatMap(({ importName: { name } }) => (typeof name === 'string' ? [name] : []));
  return { to, kind: kindOf(isType), names };
}

/** Every function of a file that has a body, methods and arrows included. */
function functionsOf(program: Program, lineOf: (at: number) => number): SourceFunction[] {
  const found: SourceFunction[] = [];
  const note = (name: string, start: number, end: number): void => {
    found.push({ name, line: lineOf(start), lines: lineOf(end - 1) - lineOf(start) + 1 });
  };
  new Visitor({
    FunctionDeclaration: ({ id, start, end }) => note(id?.name ?? 'default', start, end),
    FunctionExpression: ({ id, start, end }) => note(id?.name ?? 'method', start, end),
    ArrowFunctionExpression: ({ start, end }) => note('arrow', start, end),
  }).visit(program);
  return found;
}

function exportedFunctionsOf(
  program: Program,
  lineOf: (at: number) => number,
  docstrings: ReadonlySet<number>,
): ExportedFunction[] {
  return program.body.flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration' && statement.type !== 'ExportDefaultDeclaration')
      return [];
    const { declaration } = statement;
    const told = { line: lineOf(statement.start), hasDocstring: docstrings.has(statement.start) };
    if (declaration?.type === 'FunctionDeclaration')
      return [{ ...told, name: declaration.id?.name ?? 'default' }];
    if (declaration?.type !== 'VariableDeclaration') return [];
    return declaration.declarations.flatMap(({ id, init }) =>
      init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression'
        ? [{ ...told, name: id.type === 'Identifier' ? id.name : 'pattern' }]
        : [],
    );
  });
}

function lineFinder(text: string): (at: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (at) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
