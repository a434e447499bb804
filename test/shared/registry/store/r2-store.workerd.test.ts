import { env } from 'cloudflare:workers';
import { createR2Store } from '../../../../shared/registry/store/r2-store.ts';
import { describeStoreContract } from './store-contract.ts';

describeStoreContract('the R2 binding', async () => createR2Store(env.BUCKET));
