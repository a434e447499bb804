/**
 * `holdfast lr-find`: at which learning rate the loss falls fastest.
 */
import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { renderRateSearch } from '../../../../lr-find/rate-page.ts';
import { plotSearch } from '../../../../lr-find/rate-plot.ts';
import { concludeSearch, type RateSearch } from '../../../../lr-find/rate-search.ts';
import { createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { createProgressLine, formatCount, style } from '../../output.ts';
import { example, finiteNumber, wholeNumber } from '../../options.ts';

interface Options {
  readonly snapshot?: string;
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly fresh?: boolean;
  readonly out?: string;
}

/** `holdfast lr-find <model>`: trains in this process, on the bucket's examples; nothing is published. */
export function addLrFindCommand(program: Command): void {
  program
    .command('lr-find <model>')
    .description(
      'raise the learning rate step by step and see where the loss falls fastest; nothing is published',
    )
    .option('--snapshot <id>', 'examples to use (default: all that are labelled now)')
    .option('--from <rate>', 'the first rate', rate, 1e-6)
    .option('--to <rate>', 'the last rate', rate, 1)
    .option('--steps <n>', 'steps from the first to the last', wholeNumber(10), 100)
    .option('--seed <n>', "order of the examples (default: the spec's)", wholeNumber(0))
    .option('--threads <n>', 'for features that are missing (default: one a core, at most 8)', wholeNumber(1))
    .option('--fresh', 'begin with a new initialisation, not with the champion')
    .option('--out <file>', 'save a page with a plot')
    .addHelpText(
      'after',
      `
Training examples alone are used, as the next run would: augmented, weighted and taught as the spec says. Set the rate
with training.learningRate (holdfast spec set).
${example('lr-find digits', 'lr-find digits --fresh --out rates.html')}`,
    )
    .action(async (model: string, options: Options, command: Command) => {
      const { out, ...chosen } = options;
      if (chosen.from >= chosen.to)
        throw usageError(`expected --from below --to, got ${chosen.from} and ${chosen.to}`);
      const context = createContext(command);
      const line = createProgressLine();
      // Loaded only here: TensorFlow.js takes its time.
      const { findLearningRate } = await import('../../../../lr-find/find-rate.ts');
      const found = await findLearningRate({
        ...chosen,
        store: context.openStore(),
        model,
        fresh: chosen.fresh === true,
        onProgress: ({ step, fraction, message }) =>
          line.update(`${step} ${Math.floor(100 * fraction)} %  ${message}`),
      });
      line.close();
      const search = unwrap(found);
      if (out !== undefined) await writeFile(out, renderRateSearch(search));
      context.print(search, () => describeSearch(search, out));
    });
}

function rate(text: string): number {
  const value = finiteNumber(text);
  if (value > 0 && value <= 100) return value;
  throw new InvalidArgumentError(`expected a rate above 0, at most 100, got ${text}`);
}

function describeSearch(search: RateSearch, out: string | undefined): string {
  const { model, examples, batchSize, parent, points, steps, seconds } = search;
  const start = parent === null ? 'a new initialisation' : `version ${parent}`;
  const ended = points.length < steps ? `, ended by divergence after ${points.length}` : '';
  return [
    `${model}: ${formatCount(examples)} training examples in batches of ${batchSize}, from ${start}; ${steps} steps${ended}, in ${seconds.toFixed(1)} s`,
    plotSearch(search),
    style('bold', concludeSearch(search)),
    ...(out === undefined ? [] : [`saved ${out}`]),
  ].join('\n');
}
