/**
 * Loaded programs within a budget of bytes: whatever was not used for longest goes first. Bases and heads alike.
 */
import type { Program } from '../../../shared/model/run/program.ts';

export interface ProgramCache {
  /** The program, marked as just used. */
  get(key: string): Program | undefined;
  /**
   * Takes ownership. Disposes of others until the budget holds, never of what is named in `together`: a model that is
   * larger than the whole budget is served alone.
   */
  put(key: string, program: Program, bytes: number, together: readonly string[]): void;
  delete(key: string): void;
  /** Disposes of what was not used for longest. @returns whether there was anything */
  dropOldest(): boolean;
  bytes(): number;
}

interface Holding {
  readonly program: Program;
  readonly bytes: number;
}

/**
 * An empty cache. What is put together stays together, over the budget as well, until something else is put.
 *
 * @param maxBytes  of all programs, each as whoever puts it says
 */
export function createProgramCache(maxBytes: number): ProgramCache {
  /** In order of last use: a Map iterates in the order of insertion. */
  const holdings = new Map<string, Holding>();
  let total = 0;
  const remove = (key: string): void => {
    const holding = holdings.get(key);
    if (holding === undefined) return;
    holdings.delete(key);
    total -= holding.bytes;
    holding.program.dispose();
  };
  return {
    get(key) {
      const holding = holdings.get(key);
      if (holding === undefined) return undefined;
      holdings.delete(key);
      holdings.set(key, holding);
      return holding.program;
    },
    put(key, program, bytes, together) {
      remove(key);
      holdings.set(key, { program, bytes });
      total += bytes;
      for (const other of holdings.keys()) {
        if (total <= maxBytes) return;
        if (other !== key && !together.includes(other)) remove(other);
      }
    },
    delete: remove,
    dropOldest() {
      const [oldest] = holdings.keys();
      if (oldest === undefined) return false;
      remove(oldest);
      return true;
    },
    bytes: () => total,
  };
}
