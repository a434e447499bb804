/**
 * How much an isolate takes on at once. A request holds a place, and the bytes of its body, from before its body is read
 * until it is answered; a few more wait their turn with their bodies unread; all others are refused at once, at the
 * price of a comparison. So what was accepted is answered in time, whatever else arrives.
 *
 * Places must be given back whatever happens to a client: whoever enters keeps its request alive until it leaves.
 */

export interface Admission {
  /** Whether there is neither a place nor room to wait for one: what arrives now is refused unseen. */
  full(): boolean;
  /**
   * Takes a place, waiting for one behind those who came earlier.
   *
   * @param bytes   of the body; a body larger than all bytes is taken on alone
   * @param waitMs  how long the place is worth waiting for
   * @returns `late` when the wait was over before there was a place; only for `entered` there is a place to leave
   */
  enter(bytes: number, waitMs: number): Entry | Promise<Entry>;
  leave(bytes: number): void;
}

export type Entry = 'entered' | 'refused' | 'late';

export interface AdmissionLimits {
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  /** of the bodies of all requests in flight */
  readonly maxBytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly settle: (entry: Entry) => void;
}

export function createAdmission({ maxInFlight, maxWaiting, maxBytes }: AdmissionLimits): Admission {
  /** In order of arrival. */
  const waiting = new Set<Waiting>();
  let inFlight = 0;
  let bytesInFlight = 0;

  const fits = (bytes: number): boolean =>
    inFlight < maxInFlight && (bytesInFlight + bytes <= maxBytes || inFlight === 0);
  const take = (bytes: number): void => {
    inFlight += 1;
    bytesInFlight += bytes;
  };
  const wait = (bytes: number, waitMs: number): Promise<Entry> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => place.settle('late'), waitMs);
      const place: Waiting = {
        bytes,
        settle(entry) {
          clearTimeout(timer);
          waiting.delete(place);
          resolve(entry);
        },
      };
      waiting.add(place);
    });
  const admitNext = (): void => {
    for (const next of waiting) {
      if (!fits(next.bytes)) return;
      take(next.bytes);
      next.settle('entered');
    }
  };

  return {
    full: () => inFlight >= maxInFlight && waiting.size >= maxWaiting,
    enter(bytes, waitMs) {
      if (waiting.size === 0 && fits(bytes)) {
        take(bytes);
        return 'entered';
      }
      return waiting.size < maxWaiting ? wait(bytes, waitMs) : 'refused';
    },
    leave(bytes) {
      inFlight -= 1;
      bytesInFlight -= bytes;
      admitNext();
    },
  };
}
