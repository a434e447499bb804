/**
 * A model in a Worker's bucket, published and promoted, as an edge finds it.
 */
import type { R2Bucket } from '@cloudflare/workers-types';
import type { Miniflare } from 'miniflare';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { promote } from '../../../shared/registry/champion/promotion.ts';
import { createR2Store } from '../../../shared/registry/store/r2-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { publishVersion } from '../../../shared/registry/versions/versions.ts';
import { randomNumbers, unwrap } from '../../trainer/compile/support.ts';
import type { BenchModel } from '../bench-model.ts';

/** @param logging  the share of predictions that is logged, where it is not the spec's */
export async function serveModel(
  miniflare: Miniflare,
  { spec, manifest, files }: BenchModel,
  logging: Spec['logging'] = spec.logging,
): Promise<ObjectStore> {
  const store = createR2Store((await miniflare.getR2Bucket('BUCKET')) as unknown as R2Bucket);
  await createModel(store, { ...spec, logging });
  await publishVersion(store, manifest, files);
  unwrap(await promote(store, spec.name, 1, { by: 'bench', reason: 'to be measured', at: new Date() }));
  return store;
}

/** The key that a local edge knows. */
export const KEY = { authorization: 'Bearer local-predict' };

/** An example of `size` numbers, as clients write them. */
export function createInstance(size: number): number[] {
  return Array.from(randomNumbers(size, 1), (x) => Number(x.toFixed(4)));
}
