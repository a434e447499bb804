/**
 * When things happen in a replay. Each block is served within one day, its labels come that evening, and the run
 * follows at three in the morning, before the next block.
 */
import type { Nights } from '../streams/stream.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The day on which the first block is served. */
const FIRST_DAY_MS = Date.UTC(2025, 0, 6);
/** Of a day: rows come between six and eighteen, labels at twenty. */
const ROWS_FROM_MS = 6 * HOUR_MS;
const ROWS_FOR_MS = 12 * HOUR_MS;
const LABELS_AT_MS = 20 * HOUR_MS;
const RUN_AT_MS = 27 * HOUR_MS;

export interface Timetable {
  /** When a row was seen. Those of the history are as far apart as those of the first block. */
  rowMs(row: number): number;
  /** When the labels of a block come. */
  labelsMs(block: number): number;
  /** When the run starts that follows a block; -1 is the one that follows the history. */
  runMs(block: number): number;
}

export function createTimetable({ history, blocks }: Nights): Timetable {
  const startMs = (block: number): number => FIRST_DAY_MS + block * DAY_MS;
  const perDay = (blocks[0]?.to ?? 1) - (blocks[0]?.from ?? 0);
  const blockOf = (row: number): number => blocks.findIndex(({ from, to }) => row >= from && row < to);
  return {
    rowMs(row) {
      const block = blockOf(row);
      if (block === -1) {
        // days before the first, filled from the last one back
        const back = history.to - row;
        return Math.floor(startMs(0) - 2 * HOUR_MS - (back * (DAY_MS - 4 * HOUR_MS)) / perDay);
      }
      const { from, to } = blocks[block] ?? { from: 0, to: 1 };
      return Math.floor(startMs(block) + ROWS_FROM_MS + ((row - from) * ROWS_FOR_MS) / (to - from));
    },
    labelsMs: (block) => startMs(block) + LABELS_AT_MS,
    // the history's run: in the night before the first block
    runMs: (block) => startMs(block) + RUN_AT_MS,
  };
}

/** A clock that stands at a given time and, from there, goes as fast as the machine's. */
export interface SimulatedClock {
  now(): Date;
  /** @param ms  since the epoch */
  set(ms: number): void;
}

export function createClock(): SimulatedClock {
  let startMs = 0;
  let setAt = performance.now();
  return {
    now: () => new Date(startMs + Math.floor(performance.now() - setAt)),
    set(ms) {
      startMs = ms;
      setAt = performance.now();
    },
  };
}
