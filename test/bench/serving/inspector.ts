/**
 * V8's inspector of a Worker: what its isolate holds.
 */

const TIMEOUT_MS = 60_000;

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  /** Array buffers; the WASM memory is none of them. */
  readonly backingStorageSize: number;
}

export interface Inspector {
  /** Bytes in use, garbage that waits for its collection included. */
  measureHeap(): Promise<number>;
  collectGarbage(): Promise<void>;
  close(): void;
}

/** @param url  of one Worker's inspector; workerd has one for each of its services */
export async function openInspector(url: URL): Promise<Inspector> {
  const socket = new WebSocket(url);
  await nextEvent(socket, 'open');
  let last = 0;
  const waiting = new Map<number, (result: unknown) => void>();
  // One listener for good: several messages may come in one piece.
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  const call = async <T>(method: string): Promise<T> => {
    const id = ++last;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method }));
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const late = new Promise((_, reject) => {
      timeout.addEventListener('abort', () => reject(new Error(`${method}: no answer in time`)));
    });
    try {
      return (await Promise.race([answer, late])) as T;
    } finally {
      waiting.delete(id);
    }
  };
  return {
    async measureHeap() {
      const usage = await call<HeapUsage>('Runtime.getHeapUsage');
      return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
    },
    collectGarbage: () => call('HeapProfiler.collectGarbage'),
    close: () => socket.close(),
  };
}

function nextEvent(socket: WebSocket, name: 'open'): Promise<Event> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    signal.addEventListener('abort', () => reject(new Error(`${socket.url}: no '${name}' in time`)));
    socket.addEventListener(name, resolve, { once: true });
  });
}
