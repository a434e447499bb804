/**
 * How far a training goes before it is left, and how often it is asked. It changes nothing of what is learned.
 */

export interface Turn {
  /** Whether an epoch ended with it. */
  readonly epochOver: boolean;
}

export interface TrainingBudget {
  /** The most batches of the next turn. */
  batches(): number;
  /** Asked after every turn. */
  continues(turn: Turn): Promise<boolean>;
}

/** To the end. */
export const UNLIMITED: TrainingBudget = { batches: () => Infinity, continues: () => Promise.resolve(true) };

/** So many epochs more. */
export function forEpochs(count: number): TrainingBudget {
  let left = count;
  return {
    batches: () => Infinity,
    continues: ({ epochOver }) => {
      if (epochOver) left -= 1;
      return Promise.resolve(left > 0);
    },
  };
}

/** A turn is to take about so long: often enough to keep to a budget of seconds, seldom enough to cost nothing. */
const TURN_MS = 250;
const MOST_BATCHES = 2 ** 16;

/**
 * Until a budget is used up; at least one turn.
 *
 * @param clock  milliseconds, read where time has moved on (a Worker's stands still while code runs)
 */
export async function withinSeconds(seconds: number, clock: () => Promise<number>): Promise<TrainingBudget> {
  const startMs = await clock();
  let beforeMs = startMs;
  let batches = 1;
  return {
    batches: () => batches,
    continues: async () => {
      const nowMs = await clock();
      const tookMs = nowMs - beforeMs;
      beforeMs = nowMs;
      if (tookMs < TURN_MS / 2) batches = Math.min(MOST_BATCHES, 2 * batches);
      else if (tookMs > 2 * TURN_MS) batches = Math.max(1, Math.floor(batches / 2));
      return nowMs - startMs + tookMs < seconds * 1_000;
    },
  };
}
