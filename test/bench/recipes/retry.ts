/**
 * Candidates that were refused for their flips alone, trained once more with focal distillation of several strengths.
 * `HELP` says how it is called.
 */
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { readCount, readNames, readOptions, refuseUsage } from '../usage.ts';
import { mean, type RetriedNight, runRetries } from './nights.ts';
import { readStream, specOf, STREAMS } from './streams.ts';

const HELP = `npm run bench:retry -- [options]

Trains candidates that were refused for their flips alone once more, with focal distillation of several strengths, on
real data, of which HOLDFAST_DATA names the folder (default ../shared/data).

  --streams <a,b>    of ${STREAMS.join(', ')} (default elec2,rialto,covertype)
  --strengths <a,b>  of the second training (default 2,4,8,16)
  --salts <n>        repetitions: other salts hold out other examples (default 4)
  --recipe <json>    training options of the first candidate, as in a spec, like '{"epochs": 20}'
  --gate <json>      what the gate asks, as in a spec (default: budgets that refuse about a third of the candidates)
  --help             this text
`;

const values = readOptions(
  {
    streams: { type: 'string', default: 'elec2,rialto,covertype' },
    strengths: { type: 'string', default: '2,4,8,16' },
    salts: { type: 'string', default: '4' },
    recipe: { type: 'string', default: '{}' },
    gate: { type: 'string', default: '{"budgets": {"negativeFlips": 0.02, "sliceFlips": 0.04}}' },
  },
  HELP,
);
const streams = readNames('--streams', values.streams, STREAMS, HELP);
const salts = readCount('--salts', values.salts, HELP);
const strengths = values.strengths.split(',').map(Number);
if (!strengths.every((strength) => strength > 0))
  refuseUsage(`--strengths: expected numbers above 0, got ${values.strengths}`, HELP);
const gate = readObject('--gate', values.gate);
const training = { maxExamples: 4_000, ...readObject('--recipe', values.recipe) };
const bench = { kernels: await loadKernelModule(), runtime: createRuntime(await loadWasmModule()) };

for (const name of streams) {
  const stream = await readStream(name);
  const retried: RetriedNight[] = [];
  let nights = 0;
  for (let salt = 0; salt < salts; salt++) {
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

function readObject(option: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // refused below
  }
  return refuseUsage(`${option}: expected a JSON object, got ${text}`, HELP);
}
