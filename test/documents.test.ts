/**
 * README.md, ARCHITECTURE.md and docs/ beside the tree: what they name is there. The log is not held to it: it tells of
 * files as they were called on its day.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md') && name !== 'log.md')
    .map((name) => `docs/${name}`),
];
const FILES = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
const CODE = FILES.filter((file) =>
  /^(?:functions|shared|trainer|test|client)\/.*\.(?:ts|mjs|toml)$/.test(file),
)
  .map(read)
  .join('\n');

const allOf = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found = '']) => found)),
];

/** As GitHub makes them of headings. */
const anchorsOf = (markdown: string): string[] =>
  allOf(markdown, /^#+ (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('names source files that are there', () => {
    const named = allOf(text, /`([\w.-]+(?:\/[\w.-]+)+\.(?:ts|mjs|sh|c|h))`/g);
    expect(named.filter((name) => !FILES.some((file) => file === name || file.endsWith(`/${name}`)))).toEqual(
      [],
    );
  });

  test('leads to files and headings that are there', () => {
    const links = allOf(text, /\]\((?!https?:)([^)]+)\)/g);
    const broken = links.filter((link) => {
      const [to = '', anchor] = link.split('#');
      const file = to === '' ? page : path.join(path.dirname(page), to);
      if (!existsSync(path.join(ROOT, file))) return true;
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names variables and scripts that the code knows', () => {
    const variables = allOf(text, /(HOLDFAST_[A-Z0-9_]+)/g);
    expect(variables.filter((name) => !CODE.includes(name))).toEqual([]);
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> };
    expect(allOf(text, /npm run ([\w:-]+)/g).filter((name) => !(name in scripts))).toEqual([]);
  });
});
