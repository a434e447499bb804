import { expect, test } from 'vitest';
import { groupModules } from './size-modules.ts';

test('modules are summed by our folders and by package, the heaviest first', () => {
  const inputs = {
    'functions/worker.ts': { bytesInOutput: 10 },
    'functions/open-inference/path.ts': { bytesInOutput: 5 },
    'shared/model/plan.ts': { bytesInOutput: 7 },
    'shared/model/heap.ts': { bytesInOutput: 8 },
    '../main/node_modules/zod/v4/core/util.js': { bytesInOutput: 100 },
    'node_modules/@noble/hashes/sha2.js': { bytesInOutput: 20 },
  };
  expect(groupModules({ outputs: { 'worker.js': { inputs }, 'worker.js.map': { inputs: {} } } })).toEqual([
    { name: 'zod', bytes: 100 },
    { name: '@noble/hashes', bytes: 20 },
    { name: 'shared/model', bytes: 15 },
    { name: 'functions', bytes: 10 },
    { name: 'functions/open-inference', bytes: 5 },
  ]);
});
