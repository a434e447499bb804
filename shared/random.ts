/**
 * The one seeded generator: shuffles, dropout, initialisation and sampling all draw from it, so that a run can be
 * repeated from its seed, in Node and in workerd. Integer arithmetic only: no engine's Math can change its stream.
 */

export interface Random {
  /** Uniform in [0, 1), with 32 bits of resolution. */
  uniform(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
}

/** A generator that can be left and taken up. */
export interface SeededRandom extends Random {
  /** All that it will draw, as a seed: `createRandom(random.word())` goes on where `random` is. */
  word(): number;
}

/**
 * mulberry32 (Tommy Ettinger 2017, public domain): one 32-bit word of state, period 2^32, passes gjrand.
 *
 * @param seed  any integer; its low 32 bits count
 */
export function createRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { uniform, below: (n) => Math.floor(uniform() * n), word: () => state };
}

/** Shuffles in place (Fisher-Yates, Durstenfeld 1964) and returns the same array. */
export function shuffle<T extends { [index: number]: number; length: number }>(items: T, random: Random): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = items[i] as number;
    items[i] = items[j] as number;
    items[j] = kept;
  }
  return items;
}
