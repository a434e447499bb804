/**
 * Makes concurrent work of the same name once, across the requests of an isolate.
 *
 * Work belongs to the request that began it. The platform may end that request before its work is done, and a promise
 * that it left behind never settles: so the one who begins keeps its request alive until the end, and the others wait
 * for a limited time and then begin anew.
 */

/** Keeps a request's work alive after its response: `ExecutionContext.waitUntil`. */
export type KeepAlive = (work: Promise<unknown>) => void;

export interface SingleFlight<T> {
  /** Begins the work, or joins the same work under way. Rejects as the work does. */
  run(name: string, keepAlive: KeepAlive, work: () => Promise<T>): Promise<T>;
}

/** Far above what loading a model takes, far below what a client waits. */
const JOIN_TIMEOUT_MS = 10_000;

/**
 * Nothing is remembered once work has ended, whichever way.
 *
 * @param joinTimeoutMs  how long another request waits for work under way before it begins the same again
 */
export function createSingleFlight<T>(joinTimeoutMs = JOIN_TIMEOUT_MS): SingleFlight<T> {
  const underWay = new Map<string, Promise<T>>();
  const begin = (name: string, keepAlive: KeepAlive, work: () => Promise<T>): Promise<T> => {
    const flight = work().finally(() => {
      if (underWay.get(name) === flight) underWay.delete(name);
    });
    underWay.set(name, flight);
    keepAlive(flight.catch(() => undefined));
    return flight;
  };
  const run = async (name: string, keepAlive: KeepAlive, work: () => Promise<T>): Promise<T> => {
    const flight = underWay.get(name);
    if (flight === undefined) return begin(name, keepAlive, work);
    if (await settlesWithin(flight, joinTimeoutMs)) return flight;
    if (underWay.get(name) === flight) underWay.delete(name);
    return run(name, keepAlive, work);
  };
  return { run };
}

function settlesWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(settle, settle);
  });
}
