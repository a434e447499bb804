import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { describeStoreContract } from './store-contract.ts';

const store = createMemoryStore();
describeStoreContract('the store in memory', async () => store);
