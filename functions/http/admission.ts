/**
 * How much an isolate takes on at once. A request holds a place, and the bytes of its body, from before its body is read
 * until it is answered; a few more wait their turn with their bodies unread; all others are refused at once, at the
 * price of a comparison. So what was accepted is answered in time, whatever else arrives. How many are in flight, and
 * how many may wait, falls below the deployment's limits while the isolate is slower than they assume (pace.ts).
 *
 * A place is lent for as long as a request may take. A body that never ends, or a request that the platform ended, does
 * not keep its place for longer.
 */
import { createPace } from './pace.ts';
export interface Place {
  /** of the body */
  readonly bytes: number;
  readonly lentAtMs: number;
}

export interface Admission {
  /** Whether there is neither a place nor room to wait for one: what arrives now is refused unseen. */
  full(): boolean;
  /**
   * Takes a place, waiting for one behind those who came earlier.
   *
   * @param bytes   of the body; a body larger than all bytes is taken on alone
   * @param waitMs  how long the place is worth waiting for
   * @returns `late` when the wait was over before there was a place
   */
  enter(bytes: number, waitMs: number): Place | 'refused' | Promise<Place | 'late'>;
  leave(place: Place): void;
  /**
   * Finds out how long a turn takes to come here, from time to time: null where it is not the time.
   *
   * @returns the looking, which needs a request that is kept alive
   */
  look(): Promise<void> | null;
}

export interface AdmissionLimits {
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  /** of the bodies of all requests in flight */
  readonly maxBytes: number;
  /** how long a place is lent for */
  readonly leaseMs: number;
}

interface Waiting {
  readonly bytes: number;
  readonly settle: (outcome: Place | 'late') => void;
}

/** @param nextTurn  resolves in the isolate's next turn */
export function createAdmission(
  limits: AdmissionLimits,
  now: () => number,
  nextTurn: () => Promise<void> = timerTurn,
): Admission {
  const { maxInFlight, maxWaiting, maxBytes, leaseMs } = limits;
  /** Both in order of arrival. */
  const lent = new Set<Place>();
  const waiting = new Set<Waiting>();
  let lentBytes = 0;
  const pace = createPace(maxInFlight, leaseMs);

  const isBusy = (): boolean => lent.size >= pace.limit();
  /** The queue shrinks with what is in flight, so that it is not waited for longer. */
  const isQueueFull = (): boolean =>
    waiting.size >= Math.ceil((maxWaiting * pace.limit()) / Math.max(1, maxInFlight));
  const fits = (bytes: number): boolean => !isBusy() && (lentBytes + bytes <= maxBytes || lent.size === 0);
  const lend = (bytes: number): Place => {
    const place = { bytes, lentAtMs: now() };
    lent.add(place);
    lentBytes += bytes;
    return place;
  };
  const takeBack = (place: Place): void => {
    if (lent.delete(place)) lentBytes -= place.bytes;
  };
  const takeBackOverdue = (): void => {
    const nowMs = now();
    for (const place of lent) {
      if (place.lentAtMs + leaseMs > nowMs) return;
      takeBack(place);
    }
  };
  const admitNext = (): void => {
    for (const next of waiting) {
      if (!fits(next.bytes)) return;
      next.settle(lend(next.bytes));
    }
  };
  const wait = (bytes: number, waitMs: number): Promise<Place | 'late'> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => next.settle('late'), waitMs);
      const next: Waiting = {
        bytes,
        settle(outcome) {
          clearTimeout(timer);
          waiting.delete(next);
          resolve(outcome);
        },
      };
      waiting.add(next);
    });

  return {
    full() {
      if (!isBusy() || !isQueueFull()) return false;
      takeBackOverdue();
      admitNext();
      return isBusy() && isQueueFull();
    },
    enter(bytes, waitMs) {
      if (waiting.size === 0 && fits(bytes)) return lend(bytes);
      takeBackOverdue();
      admitNext();
      if (waiting.size === 0 && fits(bytes)) return lend(bytes);
      return isQueueFull() ? 'refused' : wait(bytes, waitMs);
    },
    leave(place) {
      takeBack(place);
      admitNext();
    },
    look() {
      const startedMs = now();
      if (!pace.isDue(startedMs)) return null;
      return nextTurn().then(() => pace.waited(now() - startedMs));
    },
  };
}

/** When everybody has had theirs who came before. */
function timerTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
