/**
 * A checkpoint as it comes back from wherever it was kept: JSON and bytes, without the training it is of.
 */
import type { Checkpoint } from '../../../trainer/training/checkpoint.ts';

export async function keepCheckpoint({ state: standing, parts }: Checkpoint): Promise<Checkpoint> {
  const kept: [string, () => Promise<Uint8Array>][] = [];
  for (const [name, read] of parts) {
    const bytes = (await read()).slice();
    kept.push([name, () => Promise.resolve(bytes)]);
  }
  return { state: JSON.parse(JSON.stringify(standing)) as unknown, parts: new Map(kept) };
}
