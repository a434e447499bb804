import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';

const TRAINING = new URL('../../../trainer/kernels/', import.meta.url);
const INFERENCE = new URL('../../../shared/model/kernels/', import.meta.url);
/** Section id of static data in a WASM binary (WebAssembly core specification 2.0, 5.5). */
const DATA_SECTION = 11;

describe.each([
  ['kernels', TRAINING],
  ['inference', INFERENCE],
])('%s.wasm', (name, folder) => {
  const binary = () => readFile(new URL(`${name}.wasm`, folder));

  test('is the one whose digest the build recorded', async () => {
    const recorded = (await readFile(new URL(`${name}.wasm.sha256`, folder), 'utf8')).split(' ')[0];
    expect(sha256Hex(await binary())).toBe(recorded);
  });

  test('imports a memory and nothing else', async () => {
    const module = await WebAssembly.compile(await binary());
    expect(() => new WebAssembly.Instance(module, { env: {} })).toThrow(/memory/);
    const memory = new WebAssembly.Memory({ initial: 1 });
    expect(new WebAssembly.Instance(module, { env: { memory } }).exports).toBeDefined();
  });

  test('has no static data, which would overwrite what is on the memory already', async () => {
    const sections = sectionIds(await binary());
    expect(sections).toContain(1);
    expect(sections).not.toContain(DATA_SECTION);
  });
});

function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at] as number);
    let size = 0;
    let shift = 0;
    let byte;
    at += 1;
    do {
      byte = bytes[at++] as number;
      size += (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    at += size;
  }
  return ids;
}
