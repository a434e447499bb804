/**
 * A comparison as one HTML page that stands alone: every split's scores, the means, the interval.
 */
import { html, type Markup } from '../report/page/html-template.ts';
import { pairChart } from '../report/page/report-charts.ts';
import { renderPage } from '../report/page/report-page.ts';
import {
  type RecipeComparison,
  concludeComparison,
  formatDifference,
  formatScore,
  mean,
  type RecipeScores,
  spread,
} from '../recipes/recipe-comparison.ts';
import { describeRecipe } from '../recipes/recipe.ts';

/** HTML, with everything it shows inside. */
export function renderComparison(comparison: RecipeComparison): string {
  const { model, splits, trained, tested, recipes, difference, alpha, snapshot, seed } = comparison;
  const show = (value: number): string => formatDifference(comparison, value);
  const measure =
    comparison.target === null
      ? 'Difference in test accuracy'
      : `Fall of the mean absolute error of ${comparison.target.name} on the test examples`;
  return renderPage({
    title: `${model}: version ${recipes[0].version} and version ${recipes[1].version}`,
    content: html`<header>
        <p class="kicker"><b>${model}</b> <span>two recipes, ${splits} random splits</span></p>
        <p class="summary">${concludeComparison(comparison)}.</p>
        <p class="decision">
          ${measure}: ${show(difference.estimate)}; corrected resampled t interval ${show(difference.lower)}
          to ${show(difference.upper)}, each bound at level ${alpha}.
        </p>
      </header>
      <section>
        <h2>Scores of every split</h2>
        <p class="caption">
          Each line is one split: both recipes were trained on the same ${trained} examples and tested on the
          same ${tested}. Bars are means.
        </p>
        <figure>${scorePlot(comparison)}</figure>
      </section>
      <section>
        <h2>Recipes</h2>
        ${recipeTable(comparison)}
      </section>`,
    footer: `snapshot ${snapshot} · seed ${seed}`,
  });
}

/** Train and test scores side by side, a line for each split between the two recipes. */
function scorePlot(comparison: RecipeComparison): Markup {
  const [first, second] = comparison.recipes;
  const column = (recipe: RecipeScores, className: string, part: 'train' | 'test') => ({
    title: `version ${recipe.version}, ${part}`,
    className,
    values: recipe[part],
    mean: mean(recipe[part]),
  });
  return pairChart({
    pairs: [
      [column(first, 'champion', 'train'), column(second, 'candidate', 'train')],
      [column(first, 'champion', 'test'), column(second, 'candidate', 'test')],
    ],
    unit: 'split',
    format: (score) => formatScore(comparison, score),
    fromZero: comparison.target !== null,
    height: 320,
  });
}

function recipeTable(comparison: RecipeComparison): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Version</th>
          <th>Recipe</th>
          <th class="number">Train</th>
          <th class="number">Spread</th>
          <th class="number">Test</th>
          <th class="number">Spread</th>
        </tr>
      </thead>
      <tbody>
        ${comparison.recipes.map((recipe) => recipeRow(comparison, recipe))}
      </tbody>
    </table>
  </div>`;
}

function recipeRow(comparison: RecipeComparison, recipe: RecipeScores): Markup {
  const format = (score: number): string => formatScore(comparison, score);
  return html`<tr>
    <td>${recipe.version}</td>
    <td>${describeRecipe(recipe)}</td>
    <td class="number">${format(mean(recipe.train))}</td>
    <td class="number">${format(spread(recipe.train))}</td>
    <td class="number">${format(mean(recipe.test))}</td>
    <td class="number">${format(spread(recipe.test))}</td>
  </tr>`;
}
