/**
 * What a version's bytes are made of calls nothing of JavaScript's `Math` that engines may round each in its own way, and
 * raises nothing to a power: read off the sources.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Expression, parseSync, type PrivateIdentifier, Visitor } from 'oxc-parser';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');

/** From a stored input to a version's files; what only looks at them, or serves other callers, is not among them. */
const ON_THE_WAY = [
  'shared/exact-math.ts',
  'shared/random.ts',
  'shared/model',
  'trainer/augment',
  'trainer/compile',
  'trainer/kernels',
  'trainer/model',
  'trainer/pipeline/data',
  'trainer/pipeline/features',
  'trainer/pipeline/fine-tune',
  'trainer/training',
];

/** TensorFlow.js's own optimizer on our kernels, for who calls `model.fit` with them. No version is trained by it. */
const BESIDE = ['trainer/kernels/tfjs/tfjs-adam.ts'];

/** Those whose every bit the language prescribes. */
const EXACT = new Set(
  'abs ceil clz32 floor fround imul max min round sign sqrt trunc PI E LN2 LN10 SQRT2 SQRT1_2'.split(' '),
);

/** What is not prescribed to the bit, with its line. Powers of numbers that stand in the source are constants. */
function findInexact(file: string, text: string): string[] {
  const found: string[] = [];
  const note = (what: string, at: number): void => {
    found.push(`${file}:${text.slice(0, at).split('\n').length} ${what}`);
  };
  new Visitor({
    MemberExpression: ({ object, property, start }) => {
      if (object.type !== 'Identifier' || object.name !== 'Math') return;
      const name = property.type === 'Identifier' ? property.name : 'by a computed name';
      if (!EXACT.has(name)) note(`Math.${name}`, start);
    },
    BinaryExpression: ({ operator, left, right, start }) => {
      const isConstant = isNumber(left) && isNumber(right);
      if (operator === '**' && !isConstant) note('**', start);
    },
  }).visit(parseSync(file, text).program);
  return found;
}

/** A number as it stands in the source, with its sign. */
function isNumber(node: Expression | PrivateIdentifier): boolean {
  return node.type === 'Literal' || (node.type === 'UnaryExpression' && isNumber(node.argument));
}

async function listSources(of: string): Promise<string[]> {
  if (of.endsWith('.ts')) return [of];
  const names = await readdir(path.join(ROOT, of), { recursive: true });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => path.join(of, name));
}

test('no engine rounds a version in its own way', async () => {
  const files = (await Promise.all(ON_THE_WAY.map(listSources)))
    .flat()
    .filter((file) => !BESIDE.includes(file));
  expect(files.length).toBeGreaterThan(150);
  const found = await Promise.all(
    files.map(async (file) => findInexact(file, await readFile(path.join(ROOT, file), 'utf8'))),
  );
  expect(found.flat()).toEqual([]);
});

test('an exponential and a square would be found', () => {
  expect(findInexact('a.ts', 'const a = Math.floor(1);\nconst b = Math.exp(a) + a ** 2 + 2 ** 24;')).toEqual([
    'a.ts:2 Math.exp',
    'a.ts:2 **',
  ]);
});
