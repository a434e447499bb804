import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  describeDuplicates,
  numberDuplicates,
  parseLabels,
} from '../../../trainer/model-import/labels-file.ts';

describe('parseLabels', () => {
  it.each([
    ['one a line', 'cat\ndog\n'],
    ['lines of Windows, with a byte order mark', '\uFEFFcat\r\ndog\r\n'],
    ['a JSON list', '["cat", "dog"]'],
    ['a list of objects', '[{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]'],
    ['an object by index', '{"1": "dog", "0": "cat"}'],
    ['an object by index from 1', '{"2": "dog", "1": "cat"}'],
    ["Keras's index of ImageNet", '{"0": ["n02123045", "cat"], "1": ["n02084071", "dog"]}'],
    ["Keras's class_indices", '{"dog": 1, "cat": 0}'],
    ["Teachable Machine's metadata", '{"packageName": "@teachablemachine/image", "labels": ["cat", "dog"]}'],
    ['a list under another name', '{"class_names": ["cat", "dog"]}'],
  ])('reads %s', (_, text) => {
    expect(parseLabels(text, 'f')).toEqual({ ok: true, value: { labels: ['cat', 'dog'], note: null } });
  });

  it('takes away the numbers that count the lines, and says so', () => {
    const read = parseLabels('0 Café cup\n1 Mug', 'labels.txt');
    expect(read).toMatchObject({
      value: { labels: ['Café cup', 'Mug'], note: expect.stringContaining('labels.txt') },
    });
  });

  it('keeps numbers that count nothing', () => {
    expect(parseLabels('7 up\n3 musketeers', 'f')).toMatchObject({
      value: { labels: ['7 up', '3 musketeers'] },
    });
  });

  it.each([
    ['nothing', '\n', /f: expected labels, the file is empty/],
    ['an empty line in between', 'a\n\nb', /f line 2: expected a label, got an empty line/],
    ['an object in a list', '["a", {"x": 1}]', /f: expected a text at position 1, got \{"x":1\}/],
    ['a gap among indices', '{"0": "a", "2": "b"}', /f: expected the index 1 once, got 2/],
    ['an object of something else', '{"width": 224.5}', /f: expected an object like .*"width"/],
    ['broken JSON', '["a"', /begins like JSON and is none/],
  ])('refuses %s', (_, text, message) => {
    expect(parseLabels(text, 'f')).toMatchObject({ error: expect.stringMatching(message) });
  });
});

describe('labels that stand twice', () => {
  it('are named with their places', () => {
    expect(describeDuplicates(['crane', 'a', 'crane', 'maillot', 'maillot'])).toBe(
      '"crane" at 0 and 2, "maillot" at 3 and 4',
    );
    expect(describeDuplicates(['a', 'b'])).toBeNull();
  });

  test('are all different once they are numbered, and the first of each stays', () => {
    const label = fc.constantFrom('a', 'a 2', 'a 3', 'b', 'a 2 2');
    fc.assert(
      fc.property(fc.array(label, { maxLength: 12 }), (labels) => {
        const numbered = numberDuplicates(labels);
        expect(new Set(numbered).size).toBe(labels.length);
        for (const [i, name] of labels.entries())
          if (labels.indexOf(name) === i) expect(numbered[i]).toBe(name);
      }),
    );
  });
});
