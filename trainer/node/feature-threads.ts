/**
 * Bases that look at examples in worker threads, each with an executor of its own. The main thread fetches what they
 * look at; what is left to it of an example is to hand over the bytes.
 */
import type { FeatureBlock, FeatureWorkshop, Seen, StoredRow } from '../pipeline/feature-bench.ts';
import { createCrew } from './crew.ts';
import { shareBytes } from './share.ts';

/** So many threads, each started when it is first needed. */
export function seeInThreads(threads: number): FeatureWorkshop {
  return {
    width: threads,
    open(task) {
      const { base } = task;
      const crew = createCrew<FeatureBlock, Seen>({
        name: 'a feature thread',
        file: new URL('./feature-thread.ts', import.meta.url),
        workerData: { ...task, base: { ...base, weights: shareBytes(base.weights) } },
        threads,
      });
      return {
        size: base.manifest.featureSize,
        see(block) {
          const rows = block.map(ownBytes);
          return crew.ask(
            rows,
            rows.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes.buffer])),
          );
        },
        close: () => crew.close(),
      };
    },
  };
}

type OwnRow = Omit<StoredRow, 'bytes'> & { readonly bytes?: Uint8Array<ArrayBuffer> };

/** With bytes that can be given away: a store may hold on to its own, or to a larger buffer around them. */
function ownBytes({ bytes, ...row }: StoredRow): OwnRow {
  return bytes === undefined ? row : { ...row, bytes: new Uint8Array(bytes) };
}
