/**
 * The very bytes that Triton's Python client sends, and what it reads out of the answers: where its JSON ends is in a
 * header, and errors must come as they are, whatever it accepts.
 */
import { describe, expect, test } from 'vitest';
import captured from '../../../fixtures/protocols/triton-client.json' with { type: 'json' };
import { MIXED_ANSWER, PAIR_ANSWER, readOutputs, useCaptured } from './captured-client.ts';

const { edge, replay } = useCaptured(captured);

describe("Triton's client", () => {
  test.each([
    'infer, binary as by default',
    'infer, JSON',
    'infer, FP16',
    'infer, BF16',
    'infer, request compressed by gzip',
    'infer, request compressed by deflate',
  ])('is answered: %s', async (name) => {
    const response = await replay(name);
    expect(response.status).toBe(200);
    expect(await readOutputs(response)).toEqual(PAIR_ANSWER);
  });

  test('is answered by the version that it names, with its id', async () => {
    const response = await replay('infer, of a version, with an id and parameters');
    expect(await response.clone().text()).toContain('"model_version":"3","id":"r-1"');
    expect(await readOutputs(response)).toEqual(PAIR_ANSWER);
  });

  test('reads classes as strings', async () => {
    expect(await readOutputs(await replay('infer, classes'))).toEqual({
      probabilities: ['3:0:left', '2:1:right'],
    });
  });

  test('sends a tensor for each feature', async () => {
    expect(await readOutputs(await replay('infer, tensors by feature, BYTES among them'))).toEqual(
      MIXED_ANSWER,
    );
  });

  test('is told that there is no shared memory, in words it can read', async () => {
    const response = await replay('infer, shared memory');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-encoding')).toBe('identity');
    expect(await response.json()).toEqual({
      error: 'inputs[0].parameters: shared memory is not offered, the bytes go with the request',
    });
  });

  test('reads metadata', async () => {
    expect(await (await replay('model metadata')).json()).toMatchObject({ name: 'pair', versions: ['3'] });
  });
});

describe('a compressed body', () => {
  const compress = async (bytes: Uint8Array, format: 'gzip' | 'deflate') => {
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const predict = (body: Uint8Array, encoding: string) =>
    edge().call('/v1/models/pair:predict', {
      key: 'predict',
      body,
      headers: { 'content-encoding': encoding },
    });
  const ROW = new TextEncoder().encode('{"instances": [[3, 1]]}');

  test('is read under /v1 too', async () => {
    const response = await predict(await compress(ROW, 'gzip'), 'GZIP');
    expect(await response.json()).toMatchObject({ predictions: [[3, 1]] });
  });

  test('may not be larger than a plain one, once it is decompressed', async () => {
    const bomb = await compress(new Uint8Array(64_000_000).fill(0x20), 'gzip');
    expect(bomb.byteLength).toBeLessThan(100_000);
    const response = await predict(bomb, 'gzip');
    expect(response.status).toBe(413);
    expect(await response.text()).toContain('expected a body of at most ');
  });

  test.each([
    ['another encoding', 'br', 'Content-Encoding: expected gzip or deflate, got \\"br\\"'],
    ['what is not compressed', 'gzip', 'Content-Encoding: the body is not gzip'],
  ])('is refused: %s', async (_name, encoding, message) => {
    const response = await predict(ROW, encoding);
    expect(response.status).toBe(400);
    expect(await response.text()).toBe(`{"error":"${message}"}`);
  });

  test('is refused where it ends early', async () => {
    const whole = await compress(ROW, 'gzip');
    const response = await predict(whole.slice(0, -4), 'gzip');
    expect(await response.json()).toEqual({ error: 'Content-Encoding: the body is not gzip' });
  });
});
