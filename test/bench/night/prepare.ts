/**
 * Makes the models that are measured, in a process of its own, so that what it holds is nobody's:
 *
 *   node prepare.ts ENDPOINT full|quick MODEL...
 */
import { FULL_NIGHT, prepareNight, QUICK_NIGHT } from './model.ts';
import { openNightStore } from './store.ts';

const [endpoint = '', size, ...models] = process.argv.slice(2);
for (const model of models)
  await prepareNight(openNightStore(endpoint), model, size === 'full' ? FULL_NIGHT : QUICK_NIGHT);
