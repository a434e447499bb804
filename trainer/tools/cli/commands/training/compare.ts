/**
 * `holdfast compare`: two versions' recipes over repeated random splits, in the trainer Worker or (with --store) in this
 * process.
 */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  type RecipeComparison,
  concludeComparison,
  formatDifference,
  formatScore,
  mean,
  spread,
} from '../../../../recipes/recipe-comparison.ts';
import { renderComparison } from '../../../../compare/comparison-page.ts';
import { describeRecipe } from '../../../../recipes/recipe.ts';
import type { ObjectStore } from '../../../../../shared/registry/store/store.ts';
import { type Context, createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { createProgressLine, formatCount, formatTable, style } from '../../output.ts';
import type { HttpTarget } from '../../target.ts';
import { describeShare, watchComparison } from '../../watch-comparison.ts';
import { example, wholeNumber } from '../../options.ts';

interface Options {
  readonly splits: number;
  readonly seed: number;
  readonly snapshot?: string;
  readonly threads?: number;
  readonly page?: string;
}

/** `holdfast compare <model> <a> <b>`; nothing is published. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .argument('<model>')
    .argument('<a>', 'number of a version', wholeNumber(1))
    .argument('<b>', 'number of another', wholeNumber(1))
    .description(
      "train both versions' recipes anew on repeated random 80/20 splits, and say which is better; nothing is published",
    )
    .option('--splits <n>', 'random splits', wholeNumber(2), 10)
    .option(
      '--snapshot <id>',
      "with --store: examples to use, without the holdout (default: the later version's)",
    )
    .option('--seed <n>', 'draws the splits', wholeNumber(0), 1)
    .option(
      '--threads <n>',
      'with --store: splits side by side (default: one a core, at most 8)',
      wholeNumber(1),
    )
    .option('--page <file>', 'save a page with a plot')
    .addHelpText('after', example('compare digits 1 2', 'compare digits 1 2 --splits 20 --page compare.html'))
    .action(async (model: string, a: number, b: number, options: Options, command: Command) => {
      if (a === b) throw usageError(`expected two versions, got ${a} twice`);
      const context = createContext(command);
      const connection = context.connect();
      const asked = { model, a, b, ...options };
      const { comparison, page } =
        connection.kind === 'store'
          ? await compareHere(context, connection.store, asked)
          : await compareThere(context, connection.target, asked);
      if (options.page !== undefined) await writeFile(options.page, page);
      context.print(comparison, () => describeComparison(comparison, options.page));
    });
}

interface Asked extends Options {
  readonly model: string;
  readonly a: number;
  readonly b: number;
}

interface Compared {
  readonly comparison: RecipeComparison;
  readonly page: string | Uint8Array;
}

/** In this process, splits side by side. */
async function compareHere(context: Context, store: ObjectStore, asked: Asked): Promise<Compared> {
  const { model, a, b, page: _page, ...chosen } = asked;
  const line = createProgressLine();
  // Loaded only here: TensorFlow.js takes its time.
  const { compareRecipes } = await import('../../../../compare/compare.ts');
  const compared = await compareRecipes({
    store,
    model,
    versions: [a, b],
    ...chosen,
    onProgress: (fraction, message) => {
      if (!context.json) line.update(describeShare(fraction, message));
    },
  });
  line.close();
  const comparison = unwrap(compared);
  return { comparison, page: renderComparison(comparison) };
}

/** In the trainer Worker, followed to its end. */
async function compareThere(context: Context, target: HttpTarget, asked: Asked): Promise<Compared> {
  const { model, a, b, splits, seed, page } = asked;
  if (asked.snapshot !== undefined || asked.threads !== undefined)
    throw usageError('--snapshot and --threads need --store: the trainer Worker decides these itself');
  const request = { a, b, splits, seed, by: context.by };
  const { comparison: id } = unwrap(await target.startComparison(model, request));
  if (!context.json) console.error(`comparison ${id} started`);
  const comparison = await watchComparison(target, context, model, id);
  return { comparison, page: page === undefined ? '' : unwrap(await target.comparisonPage(model, id)) };
}

function describeComparison(comparison: RecipeComparison, page: string | undefined): string {
  const { model, splits, trained, tested, difference, alpha, seconds, recipes } = comparison;
  const table = formatTable(
    [
      { title: 'version' },
      { title: 'train', align: 'right' },
      { title: '±', align: 'right' },
      { title: 'test', align: 'right' },
      { title: '±', align: 'right' },
      { title: 'recipe' },
    ],
    recipes.map((recipe) => [
      String(recipe.version),
      formatScore(comparison, mean(recipe.train)),
      formatScore(comparison, spread(recipe.train)),
      formatScore(comparison, mean(recipe.test)),
      formatScore(comparison, spread(recipe.test)),
      describeRecipe(recipe),
    ]),
  );
  const [estimate, lower, upper] = [difference.estimate, difference.lower, difference.upper].map((value) =>
    formatDifference(comparison, value),
  );
  const measure = comparison.target === null ? 'difference in test score' : 'fall of the mean absolute error';
  const confidence = Math.round(100 * (1 - alpha));
  return [
    `${model}: ${splits} random splits, ${formatCount(trained)} examples to train on and ${formatCount(tested)} to test on, in ${seconds.toFixed(1)} s`,
    table,
    `${measure}: ${estimate}, bounds at ${confidence} % each: ${lower} and ${upper}`,
    style('bold', concludeComparison(comparison)),
    ...(page === undefined ? [] : [`saved ${page}`]),
  ].join('\n');
}
