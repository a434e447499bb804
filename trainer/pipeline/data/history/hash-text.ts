/**
 * A fast hash of short texts, for tables and indexes that are compared with the texts themselves or can live with one
 * mistake in some ten million nights: never for what somebody could gain by.
 */

/**
 * 64 bits as two words: cyrb53 (bryc 2018, public domain) without its last cut.
 *
 * @returns [low, high], each from 0 to 2^32 - 1
 */
export function hashText(text: string): readonly [low: number, high: number] {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return [a >>> 0, b >>> 0];
}

/** A set of texts by their hashes, 8 bytes each. */
export interface TextSet {
  readonly size: number;
  has(text: string): boolean;
}

/** @param most  texts that will be added, at most */
export function collectTexts(most: number): { readonly add: (text: string) => void; end: () => TextSet } {
  const all = new BigUint64Array(most);
  const words = new Uint32Array(all.buffer);
  let size = 0;
  return {
    add(text) {
      words.set(hashText(text), 2 * size);
      size += 1;
    },
    end() {
      const sorted = all.subarray(0, size).sort();
      return { size, has: (text) => includes(sorted, text) };
    },
  };
}

function includes(sorted: BigUint64Array, text: string): boolean {
  const [low, high] = hashText(text);
  const wanted = (BigInt(high) << 32n) | BigInt(low);
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] as bigint) < wanted) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === wanted;
}
