/**
 * In workerd: what its streams do with memory is what this is about. Memory itself is measured by
 * `decompress-memory.test.ts`, from outside of the process.
 */
import { expect, test } from 'vitest';
import { readBytes } from '../../functions/http/body.ts';
import { decompress } from '../../functions/decompress.ts';

async function compress(bytes: Uint8Array, format: 'gzip' | 'deflate'): Promise<Uint8Array> {
  const stream = new Response(bytes as Uint8Array<ArrayBuffer>).body?.pipeThrough(
    new CompressionStream(format),
  );
  return new Uint8Array(await new Response(stream ?? null).arrayBuffer());
}

/** Nothing in it repeats: it compresses to itself. */
function noise(bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(all.subarray(at, at + 65_536));
  return all;
}

const MAX_BYTES = 1_000_000;

test.each(['gzip', 'deflate'] as const)('what %s holds comes back, whatever its length', async (format) => {
  for (const length of [0, 1, 16_384, 100_000, MAX_BYTES]) {
    const bytes = noise(length);
    expect(await decompress(await compress(bytes, format), format, MAX_BYTES)).toEqual(bytes);
  }
});

test.each(['gzip', 'deflate'] as const)('a byte more than the limit in %s is too large', async (format) => {
  for (const bytes of [new Uint8Array(MAX_BYTES + 1), noise(MAX_BYTES + 1), new Uint8Array(50 * MAX_BYTES)]) {
    expect(await decompress(await compress(bytes, format), format, MAX_BYTES)).toBe('too-large');
  }
});

test('bytes that end early, are altered or are something else are malformed', async () => {
  const whole = await compress(noise(60_000), 'gzip');
  const altered = whole.slice();
  altered[altered.length - 6] = 255 - (altered[altered.length - 6] ?? 0);
  for (const bytes of [whole.subarray(0, 50_000), whole.subarray(0, 3), altered, noise(500)]) {
    expect(await decompress(bytes, 'gzip', MAX_BYTES)).toBe('malformed');
  }
});

test('a bomb inside of a body is refused as any body that is too large', async () => {
  const body = await compress(new Uint8Array(60_000_000), 'gzip');
  const request = new Request('http://edge/', {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'Content-Encoding': 'gzip' },
  });
  expect(await readBytes(request, MAX_BYTES)).toMatchObject({ ok: false, error: { kind: 'body-too-large' } });
});
