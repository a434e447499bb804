/**
 * The very bytes that KServe's Python client sends, and what it reads out of the answers.
 */
import { describe, expect, test } from 'vitest';
import captured from '../../../fixtures/protocols/kserve-client.json' with { type: 'json' };
import { MIXED_ANSWER, PAIR_ANSWER, readOutputs, useCaptured } from './captured-client.ts';

const { replay } = useCaptured(captured);

describe("KServe's client", () => {
  test.each(['infer, JSON', 'infer, bytes in, JSON out', 'infer, FP16'])(
    'is answered in JSON: %s',
    async (name) => {
      const response = await replay(name);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('inference-header-content-length')).toBeNull();
      expect(await readOutputs(response)).toEqual(PAIR_ANSWER);
    },
  );

  test.each(['infer, binary', 'infer, JSON in, bytes out'])('is answered in bytes: %s', async (name) => {
    const response = await replay(name);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(await readOutputs(response)).toEqual(PAIR_ANSWER);
  });

  test('sends a tensor for each feature', async () => {
    const response = await replay('infer, tensors by feature, BYTES among them');
    expect(await readOutputs(response)).toEqual(MIXED_ANSWER);
  });

  test.each([
    ['server live', { live: true }],
    ['server ready', { ready: true }],
    ['model ready', { name: 'pair', ready: true }],
  ])('hears of health: %s', async (name, said) => {
    const response = await replay(name);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(said);
  });
});
