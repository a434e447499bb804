/**
 * Extracts features in worker threads, each with an executor of its own. The main thread fetches what they
 * read; what is left to it of an example is to hand over the bytes.
 */
import { createWorkerPool } from './worker-pool.ts';
import { shareBytes } from './share.ts';
import type { ExampleBatch, ExtractedFeatures, FeatureBackend, StoredRow } from '../run/feature-backend.ts';

/** So many threads, each started when it is first needed. */
export function threadedFeatureBackend(threads: number): FeatureBackend {
  return {
    // One more is fetched meanwhile, so that no thread waits for the store.
    concurrency: threads + 1,
    open(task) {
      const { base } = task;
      const pool = createWorkerPool<ExampleBatch, ExtractedFeatures>({
        name: 'a feature thread',
        file: new URL('./feature-thread.ts', import.meta.url),
        workerData: { ...task, base: { ...base, weights: shareBytes(base.weights) } },
        threads,
      });
      return {
        size: base.manifest.featureSize,
        extract(batch) {
          const rows = batch.map(ownBytes);
          return pool.run(
            rows,
            rows.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes.buffer])),
          );
        },
        close: () => pool.close(),
      };
    },
  };
}

type OwnRow = Omit<StoredRow, 'bytes'> & { readonly bytes?: Uint8Array<ArrayBuffer> };

/** With bytes that can be given away: alone in their buffer. */
function ownBytes({ bytes, ...row }: StoredRow): OwnRow {
  if (bytes === undefined) return row;
  const { buffer, byteLength } = bytes;
  const alone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return { ...row, bytes: alone ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes) };
}
