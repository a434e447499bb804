/**
 * Recipes compared over a few nights of real data: npm run bench:recipes [-- --streams elec2,digits --recipes all --salts 2]
 */
import { parseArgs } from 'node:util';
import { loadKernelModule } from '../../../shared/model/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/runtime.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { mean, type NightResult, runNights } from './nights.ts';
import { readStream, type Recipe, specOf, STREAMS } from './streams.ts';

/** What differs from the defaults. A room of 4,000 examples makes replay a choice. */
const ROOM = { maxExamples: 4_000 };
const RECIPES: Readonly<Record<string, Recipe>> = {
  plain: { training: { ...ROOM, continuity: { watch: false } } },
  fresh: { training: { ...ROOM, start: 'fresh', continuity: { watch: false } } },
  'continuity watched': { training: ROOM },
  cosine: { training: { ...ROOM, warmup: 1, schedule: 'cosine' } },
  plateau: { training: { ...ROOM, schedule: 'plateau' } },
  'stop on worst': { training: { ...ROOM, stopOn: 'worst' } },
  'replay by window': { training: { ...ROOM, replay: { strategy: 'by-window' } } },
  'replay by class': { training: { ...ROOM, replay: { strategy: 'class-balanced' } } },
  'replay reservoir': { training: { ...ROOM, replay: { strategy: 'reservoir' } } },
  distillation: { training: { ...ROOM, distillation: { kind: 'plain' } } },
  'focal distillation': { training: { ...ROOM, distillation: { kind: 'focal', weight: 0.5 } } },
  anchor: { training: { ...ROOM, anchor: 1 } },
  interpolation: { training: { ...ROOM, interpolation: 'validation' } },
  'batch normalisation': {
    training: ROOM,
    head: [{ units: 64, normalization: 'batch' }],
  },
  'rate 0.0003': { training: { ...ROOM, learningRate: 0.0003 } },
  'rate 0.003': { training: { ...ROOM, learningRate: 0.003 } },
};

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: STREAMS.join() },
    recipes: { type: 'string', default: Object.keys(RECIPES).join() },
    /** Other salts hold out other examples: so many repetitions. */
    salts: { type: 'string', default: '2' },
  },
});

const wasm = await loadWasmModule();
const bench = { kernels: await loadKernelModule(), runtime: createRuntime(wasm) };
for (const name of values.streams.split(',')) {
  const stream = await readStream(name);
  console.log(`\n${name}: ${stream.nights.length - 1} nights of ${stream.nights[1]?.length}\n`);
  console.log(
    '| recipe | new window | past, mean | past, worst change | negative flips | promote/hold/reject | epochs |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const recipe of values.recipes.split(',')) {
    const results: NightResult[] = [];
    for (let salt = 0; salt < Number(values.salts); salt++) {
      const spec = specOf(stream, RECIPES[recipe] ?? {}, String(10 + salt).repeat(32));
      results.push(...(await runNights(stream, spec, bench)));
    }
    console.log(describe(recipe, results));
  }
}

function describe(recipe: string, results: readonly NightResult[]): string {
  const percent = (of: (result: NightResult) => number): string => (100 * mean(results.map(of))).toFixed(2);
  const count = (verdict: string): number => results.filter((result) => result.verdict === verdict).length;
  const cells = [
    percent(({ current }) => current),
    percent(({ pastMean }) => pastMean),
    percent(({ pastWorst }) => pastWorst),
    percent(({ flips }) => flips),
    `${count('promote')}/${count('hold')}/${count('reject')}`,
    mean(results.map(({ epochs }) => epochs)).toFixed(1),
  ];
  return `| ${recipe} | ${cells.join(' | ')} |`;
}
