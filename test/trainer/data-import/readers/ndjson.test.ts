import { describe, expect, it } from 'vitest';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { readAll } from './read-all.ts';

const folder = useTempFolder();
const spec = {
  task: 'classification' as const,
  input: {
    kind: 'tabular' as const,
    features: [
      { name: 'a', type: 'number' as const },
      { name: 'b', type: 'number' as const },
    ],
  },
  labels: ['0', '1'],
};

describe('the NDJSON reader', () => {
  it('takes an instance as a request has it, or the features beside the label', async () => {
    const lines = [
      '{"instance": [1, 2], "label": "0"}',
      '{"instance": {"b": 2, "a": 1}, "label": 1, "timestamp": "2026-01-01T00:00:00Z", "group": "g"}',
      '',
      '{"a": 3, "b": 4, "label": "1"}',
    ];
    const path = await folder.write('good.ndjson', lines.join('\n'));
    expect(await readAll(path, { spec })).toMatchObject({
      rows: [
        { row: 0, raw: [1, 2], label: 0 },
        { row: 1, raw: [1, 2], label: 1, at: Date.parse('2026-01-01T00:00:00Z'), group: 'g' },
        { row: 3, raw: [3, 4], label: 1 },
      ],
      problems: [],
    });
  });

  it('names every bad line', async () => {
    const lines = [
      '{"instance": [1], "label": "0"}',
      '{"instance": [1, 2]}',
      '[1, 2]',
      '{"instance": [1, 2], "label": "0"',
      '{"a": 1, "c": 2, "label": "0"}',
      '{"instance": [1, 2], "label": "0", "timestamp": true}',
    ];
    const path = await folder.write('bad.jsonl', lines.join('\n'));
    expect((await readAll(path, { spec })).problems).toEqual([
      'line 1: instance: expected 2 numbers, got 1',
      'line 2: label: expected one of "0", "1", got nothing',
      'line 3: expected a JSON object',
      'line 4: expected a JSON object, got something that is no JSON',
      'line 5: instance: there is no feature "c", and feature "b" is missing',
      'line 6: timestamp: expected a time, got true',
    ]);
  });
});
