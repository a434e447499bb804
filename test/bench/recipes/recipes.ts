/**
 * Recipes compared over a few nights of real data. `HELP` says how it is called.
 */
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { readCount, readNames, readOptions, refuseUsage } from '../usage.ts';
import { mean, type NightResult, runNights } from './nights.ts';
import { readStream, type Recipe, specOf, STREAMS } from './streams.ts';

/** A room of 4,000 examples makes replay a choice. */
const ROOM = { maxExamples: 4_000 };
const PLAIN = {
  ...ROOM,
  epochs: 20,
  patience: 3,
  continuity: { watch: false },
  distillation: { kind: 'none' },
};
const FOCAL = { ...PLAIN, distillation: { kind: 'focal', weight: 0.5 } };
const RECIPES: Readonly<Record<string, Recipe>> = {
  plain: { training: PLAIN },
  'fresh each night': { training: { ...PLAIN, start: 'fresh' } },
  'continuity watched': { training: { ...PLAIN, continuity: {} } },
  cosine: { training: { ...PLAIN, warmup: 1, schedule: 'cosine' } },
  plateau: { training: { ...PLAIN, schedule: 'plateau' } },
  'stop on worst': { training: { ...PLAIN, stopOn: 'worst' } },
  'replay by window': { training: { ...PLAIN, replay: { strategy: 'by-window' } } },
  'replay by class': { training: { ...PLAIN, replay: { strategy: 'class-balanced' } } },
  'replay reservoir': { training: { ...PLAIN, replay: { strategy: 'reservoir' } } },
  'plain distillation': { training: { ...PLAIN, distillation: { kind: 'plain' } } },
  'focal distillation 0.1': { training: { ...PLAIN, distillation: { kind: 'focal', weight: 0.1 } } },
  'focal distillation 0.25': { training: { ...PLAIN, distillation: { kind: 'focal', weight: 0.25 } } },
  'focal distillation 0.5': { training: FOCAL },
  'focal distillation 1': { training: { ...PLAIN, distillation: { kind: 'focal', weight: 1 } } },
  anchor: { training: { ...PLAIN, anchor: 1 } },
  interpolation: { training: { ...PLAIN, interpolation: 'validation' } },
  'batch normalisation': { training: PLAIN, head: [{ units: 64, normalization: 'batch' }] },
  'rate 0.0003': { training: { ...PLAIN, learningRate: 0.0003 } },
  'rate 0.003': { training: { ...PLAIN, learningRate: 0.003 } },
  'focal + continuity watched': { training: { ...FOCAL, continuity: {} } },
  'focal + rate 0.003': { training: { ...FOCAL, learningRate: 0.003 } },
  'focal + by window': { training: { ...FOCAL, replay: { strategy: 'by-window' } } },
  'focal + reservoir': { training: { ...FOCAL, replay: { strategy: 'reservoir' } } },
  'focal + interpolation': { training: { ...FOCAL, interpolation: 'validation' } },
  'focal + stop on worst': { training: { ...FOCAL, stopOn: 'worst' } },
  'focal 40 epochs': { training: { ...FOCAL, epochs: 40, patience: 5 } },
  defaults: { training: ROOM },
};

const PROMOTIONS = ['always', 'gate'];

const HELP = `npm run bench:recipes -- [options]

Compares recipes over a few nights of real data, of which HOLDFAST_DATA names the folder (default ../shared/data).

  --streams <a,b>   of ${STREAMS.join(', ')} (default: all)
  --recipes <a,b>   of ${Object.keys(RECIPES).join(', ')} (default: all)
  --salts <n>       repetitions: other salts hold out other examples (default 2)
  --promote <when>  always: every candidate becomes champion, so that all recipes face the same windows (the default);
                    gate: as in earnest
  --help            this text
`;

const values = readOptions(
  {
    streams: { type: 'string', default: STREAMS.join() },
    recipes: { type: 'string', default: Object.keys(RECIPES).join() },
    salts: { type: 'string', default: '2' },
    promote: { type: 'string', default: 'always' },
  },
  HELP,
);
const streams = readNames('--streams', values.streams, STREAMS, HELP);
const recipes = readNames('--recipes', values.recipes, Object.keys(RECIPES), HELP);
const salts = readCount('--salts', values.salts, HELP);
if (!PROMOTIONS.includes(values.promote))
  refuseUsage(`--promote: expected always or gate, got ${values.promote}`, HELP);

const wasm = await loadWasmModule();
const bench = { kernels: await loadKernelModule(), runtime: createRuntime(wasm) };
for (const name of streams) {
  const stream = await readStream(name);
  console.log(`\n${name}: ${stream.nights.length - 1} nights of ${stream.nights[1]?.length}\n`);
  console.log(
    '| recipe | served | new window | past, mean | past, worst change | negative flips | promote/hold/reject | epochs |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  for (const recipe of recipes) {
    const results: NightResult[] = [];
    for (let salt = 0; salt < salts; salt++) {
      const spec = specOf(stream, recipeOf(recipe), String(10 + salt).repeat(32));
      results.push(...(await runNights(stream, spec, bench, values.promote === 'gate')));
    }
    console.log(describe(recipe, results));
  }
}

function recipeOf(name: string): Recipe {
  const recipe = RECIPES[name];
  if (recipe === undefined)
    throw new RangeError(`expected one of ${Object.keys(RECIPES).join()}, got ${name}`);
  return recipe;
}

function describe(recipe: string, results: readonly NightResult[]): string {
  const percent = (of: (result: NightResult) => number): string => (100 * mean(results.map(of))).toFixed(2);
  const count = (verdict: string): number => results.filter((result) => result.verdict === verdict).length;
  const cells = [
    percent(({ served }) => served),
    percent(({ current }) => current),
    percent(({ pastMean }) => pastMean),
    percent(({ pastWorst }) => pastWorst),
    percent(({ flips }) => flips),
    `${count('promote')}/${count('hold')}/${count('reject')}`,
    mean(results.map(({ epochs }) => epochs)).toFixed(1),
  ];
  return `| ${recipe} | ${cells.join(' | ')} |`;
}
