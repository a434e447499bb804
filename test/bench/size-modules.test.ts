import { expect, test } from 'vitest';
import { findEagerWay, groupModules } from './size-modules.ts';

test('modules are summed by our folders and by package, the heaviest first', () => {
  const inputs = {
    'functions/worker.ts': { bytesInOutput: 10 },
    'functions/serving/open-inference/path.ts': { bytesInOutput: 5 },
    'shared/model/plan/plan.ts': { bytesInOutput: 7 },
    'shared/model/run/heap.ts': { bytesInOutput: 8 },
    '../main/node_modules/zod/v4/core/util.js': { bytesInOutput: 100 },
    'node_modules/@noble/hashes/sha2.js': { bytesInOutput: 20 },
  };
  expect(
    groupModules({ inputs: {}, outputs: { 'worker.js': { inputs }, 'worker.js.map': { inputs: {} } } }),
  ).toEqual([
    { name: 'zod', bytes: 100 },
    { name: '@noble/hashes', bytes: 20 },
    { name: 'shared/model', bytes: 15 },
    { name: 'functions', bytes: 10 },
    { name: 'functions/serving', bytes: 5 },
  ]);
});

test('what is evaluated at once is told, with the way to it; what waits for an import() is not', () => {
  const statement = (path: string) => ({ path, kind: 'import-statement' });
  const inputs = {
    'functions/worker.ts': {
      imports: [
        statement('functions/app.ts'),
        { path: 'functions/collect/queue.ts', kind: 'dynamic-import' },
      ],
    },
    'functions/app.ts': { imports: [statement('functions/worker.ts'), statement('shared/json.ts')] },
    'functions/collect/queue.ts': { imports: [statement('node_modules/zod/index.js')] },
    'shared/json.ts': { imports: [statement('node_modules/hono/dist/hono.js')] },
  };
  const find = (name: string) => findEagerWay({ inputs, outputs: {} }, 'functions/worker.ts', name);
  expect(find('hono')).toEqual([
    'functions/worker.ts',
    'functions/app.ts',
    'shared/json.ts',
    'node_modules/hono/dist/hono.js',
  ]);
  expect(find('zod')).toBeNull();
});
