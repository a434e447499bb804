/**
 * Candidates that were refused for their flips alone, trained once more with focal distillation of several strengths:
 * npm run bench:retry [-- --streams elec2,rialto --strengths 2,4,8 --salts 2 --recipe '{"epochs": 20}' --gate '{}']
 */
import { parseArgs } from 'node:util';
import { loadKernelModule } from '../../../shared/model/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/runtime.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { mean, type RetriedNight, runRetries } from './nights.ts';
import { readStream, specOf } from './streams.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: 'elec2,rialto,covertype' },
    strengths: { type: 'string', default: '2,4,8,16' },
    /** Other salts hold out other examples: so many repetitions. */
    salts: { type: 'string', default: '4' },
    /** Training options of the first candidate, as in a spec. */
    recipe: { type: 'string', default: '{}' },
    /** What the gate asks, as in a spec; budgets that refuse about a third of the candidates. */
    gate: { type: 'string', default: '{"budgets": {"negativeFlips": 0.02, "sliceFlips": 0.04}}' },
  },
});

const bench = { kernels: await loadKernelModule(), runtime: createRuntime(await loadWasmModule()) };
const strengths = values.strengths.split(',').map(Number);
const gate = JSON.parse(values.gate) as object;
const training = { maxExamples: 4_000, ...(JSON.parse(values.recipe) as object) };

for (const name of values.streams.split(',')) {
  const stream = await readStream(name);
  const retried: RetriedNight[] = [];
  let nights = 0;
  for (let salt = 0; salt < Number(values.salts); salt++) {
    const spec = specOf(stream, { training, gate }, String(10 + salt).repeat(32));
    const results = await runRetries(stream, spec, bench, strengths);
    nights += results.nights;
    retried.push(...results.retried);
  }
  console.log(`\n${name}: of ${nights} candidates ${retried.length} were refused for their flips alone\n`);
  console.log(
    '| strength | promote/hold/reject | new window | against the champion | gain let through | negative flips |',
  );
  console.log('|---|---|---|---|---|---|');
  console.log(
    describe(
      'first candidate',
      retried.map(({ first }) => first),
    ),
  );
  for (const [i, strength] of strengths.entries()) {
    console.log(
      describe(
        `x ${strength}`,
        retried.flatMap(({ again }) => again[i] ?? []),
      ),
    );
  }
}

function describe(name: string, results: readonly RetriedNight['first'][]): string {
  const percent = (of: (result: RetriedNight['first']) => number): string =>
    (100 * mean(results.map(of))).toFixed(2);
  const count = (verdict: string): number => results.filter((result) => result.verdict === verdict).length;
  const cells = [
    `${count('promote')}/${count('hold')}/${count('reject')}`,
    percent(({ current }) => current),
    percent(({ current, served }) => current - served),
    percent(({ current, served, verdict }) => (verdict === 'promote' ? current - served : 0)),
    percent(({ flips }) => flips),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}
