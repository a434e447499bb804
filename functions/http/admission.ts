/**
 * How much an isolate takes on at once. A request holds a slot, and the bytes of its body, from before its body is read
 * until it is answered; a few more wait their turn with their bodies unread; all others are refused at once, at the
 * price of a comparison. So what was accepted is answered in time, whatever else arrives. How many are in flight, and
 * how many may wait, falls below the deployment's limits while the isolate is slower than they assume (adaptive-limit.ts).
 *
 * A slot is lent for as long as a request may take. A body that never ends, or a request that the platform ended, does
 * not keep its slot for longer.
 *
 * No key has more than three quarters of the slots, of the bytes and of the queue, rounded up: whoever sends bodies
 * slowly, or more than anybody can compute, is refused while there is still room for the others.
 */
import { createAdaptiveLimit } from './adaptive-limit.ts';

export interface Slot {
  /** the key's name */
  readonly holder: string;
  /** of the body */
  readonly bytes: number;
  readonly lentAtMs: number;
}

export interface Admission {
  /** Whether there is neither a slot nor room to wait for one: what arrives now is refused unseen. */
  full(): boolean;
  /**
   * Takes a slot, waiting for one behind those who came earlier.
   *
   * @param holder  the key's name: what it has already counts against its share
   * @param bytes   of the body; a body larger than all bytes is taken on alone
   * @param waitMs  how long the slot is worth waiting for
   * @returns `late` when the wait was over before there was a slot
   */
  acquire(holder: string, bytes: number, waitMs: number): Slot | 'refused' | Promise<Slot | 'late'>;
  release(slot: Slot): void;
  /**
   * Finds out how long a turn takes to come here, from time to time: null where it is not the time.
   *
   * @returns the looking, which needs a request that is kept alive
   */
  probe(): Promise<void> | null;
}

export interface AdmissionLimits {
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  /** of the bodies of all requests in flight */
  readonly maxBytes: number;
  /** how long a slot is lent for */
  readonly leaseMs: number;
}

interface Wanted {
  readonly holder: string;
  readonly bytes: number;
}

interface Waiting extends Wanted {
  readonly settle: (outcome: Slot | 'late') => void;
}

/** What one key may have of everything, as long as there are more. */
const KEY_SHARE = 3 / 4;

/** What each key has: of slots, of bytes, of the queue. */
interface Holding {
  slots: number;
  bytes: number;
  waiting: number;
}

/** @param nextTurn  resolves in the isolate's next turn */
export function createAdmission(
  limits: AdmissionLimits,
  now: () => number,
  nextTurn: () => Promise<void> = timerTurn,
): Admission {
  const { maxInFlight, maxWaiting, leaseMs } = limits;
  const adaptive = createAdaptiveLimit(maxInFlight, leaseMs);
  const holdings = createHoldings();
  const slots = createSlots(limits, holdings, now, () => adaptive.limit());
  const queue = createQueue(holdings);
  /** The queue shrinks with what is in flight, so that it is not waited for longer. */
  const queueLimit = (): number => Math.ceil((maxWaiting * adaptive.limit()) / Math.max(1, maxInFlight));
  const isQueueFull = (): boolean => queue.waiting.size >= queueLimit();
  const mayQueue = ({ holder }: Wanted): boolean =>
    !isQueueFull() && holdings.of(holder).waiting < shareOf(queueLimit());
  /** Whoever waits for others of its own key lets everybody else pass. Says whether somebody waits for room. */
  const admitNext = (): boolean => {
    for (const next of queue.waiting) {
      if (!slots.isWithinShare(next)) continue;
      if (!slots.fits(next)) return true;
      next.settle(slots.lend(next));
    }
    return false;
  };
  return {
    full() {
      if (!slots.isBusy() || !isQueueFull()) return false;
      slots.takeBackOverdue();
      admitNext();
      return slots.isBusy() && isQueueFull();
    },
    acquire(holder, bytes, waitMs) {
      const wanted = { holder, bytes };
      const isFree = (): boolean => slots.fits(wanted) && slots.isWithinShare(wanted);
      if (queue.waiting.size === 0 && isFree()) return slots.lend(wanted);
      slots.takeBackOverdue();
      if (!admitNext() && isFree()) return slots.lend(wanted);
      return mayQueue(wanted) ? queue.wait(wanted, waitMs) : 'refused';
    },
    release(slot) {
      slots.takeBack(slot);
      admitNext();
    },
    probe() {
      const startedMs = now();
      if (!adaptive.isDue(startedMs)) return null;
      return nextTurn().then(() => adaptive.observe(now() - startedMs));
    },
  };
}

/** What is lent, in order of arrival. Nothing here waits. */
function createSlots(
  { maxBytes, leaseMs }: AdmissionLimits,
  holdings: Holdings,
  now: () => number,
  limit: () => number,
) {
  const lent = new Set<Slot>();
  let lentBytes = 0;
  const isBusy = (): boolean => lent.size >= limit();
  const takeBack = (slot: Slot): void => {
    if (!lent.delete(slot)) return;
    lentBytes -= slot.bytes;
    holdings.change(slot.holder, { slots: -1, bytes: -slot.bytes });
  };
  return {
    isBusy,
    fits: ({ bytes }: Wanted): boolean => !isBusy() && (lentBytes + bytes <= maxBytes || lent.size === 0),
    isWithinShare({ holder, bytes }: Wanted): boolean {
      const has = holdings.of(holder);
      if (has.slots >= shareOf(limit())) return false;
      return has.bytes === 0 || has.bytes + bytes <= shareOf(maxBytes);
    },
    lend({ holder, bytes }: Wanted): Slot {
      const slot = { holder, bytes, lentAtMs: now() };
      lent.add(slot);
      lentBytes += bytes;
      holdings.change(holder, { slots: 1, bytes });
      return slot;
    },
    takeBack,
    takeBackOverdue(): void {
      const nowMs = now();
      for (const slot of lent) {
        if (slot.lentAtMs + leaseMs > nowMs) return;
        takeBack(slot);
      }
    },
  };
}

/** Who waits, in order of arrival, each no longer than it is worth to them. */
function createQueue(holdings: Holdings) {
  const waiting = new Set<Waiting>();
  const wait = (wanted: Wanted, waitMs: number): Promise<Slot | 'late'> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => next.settle('late'), waitMs);
      const next: Waiting = {
        ...wanted,
        settle(outcome) {
          clearTimeout(timer);
          if (waiting.delete(next)) holdings.change(wanted.holder, { waiting: -1 });
          resolve(outcome);
        },
      };
      waiting.add(next);
      holdings.change(wanted.holder, { waiting: 1 });
    });
  return { waiting: waiting as ReadonlySet<Waiting>, wait };
}

function shareOf(all: number): number {
  return Math.ceil(KEY_SHARE * all);
}

type Holdings = ReturnType<typeof createHoldings>;

/** Keys that have nothing are not kept. */
function createHoldings() {
  const NOTHING: Readonly<Holding> = { slots: 0, bytes: 0, waiting: 0 };
  const byHolder = new Map<string, Holding>();
  return {
    of: (holder: string): Readonly<Holding> => byHolder.get(holder) ?? NOTHING,
    change(holder: string, by: Partial<Holding>): void {
      const has = byHolder.get(holder) ?? { ...NOTHING };
      has.slots += by.slots ?? 0;
      has.bytes += by.bytes ?? 0;
      has.waiting += by.waiting ?? 0;
      if (has.slots === 0 && has.waiting === 0) byHolder.delete(holder);
      else byHolder.set(holder, has);
    },
  };
}

/** When everybody has had theirs who came before. */
function timerTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
