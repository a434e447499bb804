import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJsonText } from '../../../functions/http/json-text.ts';

test.each([
  ['[NaN]', [NaN]],
  ['[-NaN, NaN,NaN ]', [NaN, NaN, NaN]],
  ['[Infinity, -Infinity, Inf, -Inf]', [Infinity, -Infinity, Infinity, -Infinity]],
  ['{"a": [1, NaN], "NaN": "Infinity \\" NaN", "b": -1}', { a: [1, NaN], NaN: 'Infinity " NaN', b: -1 }],
  ['NaN', NaN],
  ['["\\\\", NaN]', ['\\', NaN]],
])('%s is read with its bare tokens as numbers', (text, value) => {
  expect(parseJsonText(text)).toEqual(value);
});

test.each([
  'nan',
  '[1NaN]',
  '[1Inf]',
  '[NaN1]',
  '[NaNNaN]',
  '[Infinit]',
  '[+NaN]',
  '{NaN: 1}',
  '{"a": 1, Infinity: NaN}',
  '["a"NaN]',
  '[NaN"a"]',
  '[- NaN]',
  '[--NaN]',
  '["NaN]',
  '[NaN',
])('%s is no JSON, and the complaint is about the text as it came', (text) => {
  let complaint = '';
  try {
    JSON.parse(text);
  } catch (cause) {
    complaint = String(cause);
  }
  expect(() => parseJsonText(text)).toThrow(complaint.replace('SyntaxError: ', ''));
});

test('what is JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseJsonText(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('any value with non-finite numbers comes back as it was written', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity));
  fc.assert(
    fc.property(fc.array(fc.oneof(number, fc.string(), fc.array(number))), (values) => {
      const write = (value: unknown): string => {
        if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
        return typeof value === 'number' ? String(value) : JSON.stringify(value);
      };
      expect(parseJsonText(write(values))).toEqual(
        values
          .map((value) => (Object.is(value, -0) ? 0 : value))
          .map((value) => (Array.isArray(value) ? value.map((inner) => inner + 0) : value)),
      );
    }),
  );
});

test.each(['\u007f', '~', '^'])('a text that could stand for a token stays a text (%#)', (mark) => {
  const escaped = `\\u00${mark.charCodeAt(0).toString(16)}`;
  for (const text of [mark, escaped, escaped.toUpperCase().replace('U', 'u')]) {
    expect(parseJsonText(`[NaN, -Infinity, "${text}"]`)).toEqual([NaN, -Infinity, mark]);
    const read = parseJsonText(`{"${text}": NaN, "__proto__": Inf}`) as object;
    expect(Object.entries(read)).toEqual([
      [mark, NaN],
      ['__proto__', Infinity],
    ]);
  }
});

// What it takes is told in docs/log.md; a time that grows with the square would not end within this test's limit.
test.each(['NaN', 'Infinity', '-Infinity', '-NaN'])(
  'a million times %s is read, each as a number',
  (token) => {
    const text = `{"instances": [[${Array.from({ length: 1_000_000 }, () => token).join(',')}]]}`;
    const { instances } = parseJsonText(text) as { instances: number[][] };
    const expected = token.endsWith('NaN') ? Number.NaN : Number(token);
    expect(instances[0]).toHaveLength(1_000_000);
    expect(instances[0]?.every((value) => Object.is(value, expected))).toBe(true);
  },
);

test('NaN at any depth is read: no call is made for each', () => {
  const depth = 5_000;
  let value = parseJsonText(`${'['.repeat(depth)}NaN${']'.repeat(depth)}`);
  for (let i = 0; i < depth; i++) value = (value as unknown[])[0];
  expect(value).toBeNaN();
});

test.each(['"\\"', '"', '[NaN,-', 'NaN "\\', '\\"'])(
  'a megabyte of %j is refused in a moment: its time does not grow with the square',
  (piece) => {
    const text = `NaN${piece.repeat(1_000_000)}`;
    const startedMs = performance.now();
    expect(() => parseJsonText(text)).toThrow(SyntaxError);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  },
);
