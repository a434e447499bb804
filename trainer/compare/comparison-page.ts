/**
 * A comparison as one HTML page that stands alone: every split's scores, the means, the interval.
 */
import { formatPercent, formatSignedPoints } from '../../shared/continuity/format.ts';
import { html, type Markup } from '../../shared/continuity/html-template.ts';
import { pairChart } from '../../shared/continuity/report-charts.ts';
import { renderPage } from '../../shared/continuity/report-page.ts';
import { type Comparison, concludeComparison, mean, type RecipeScores, spread } from './comparison.ts';
import { describeRecipe } from './recipe.ts';

export function renderComparison(comparison: Comparison): string {
  const { model, splits, trained, tested, recipes, difference, alpha, snapshot, seed } = comparison;
  const bounds = `${formatSignedPoints(difference.lower)} to ${formatSignedPoints(difference.upper)}`;
  return renderPage({
    title: `${model}: version ${recipes[0].version} and version ${recipes[1].version}`,
    content: html`<header>
        <p class="kicker"><b>${model}</b> <span>two recipes, ${splits} random splits</span></p>
        <p class="summary">${concludeComparison(comparison)}.</p>
        <p class="decision">
          Difference in test score: ${formatSignedPoints(difference.estimate)} points; corrected resampled t
          interval ${bounds}, each bound at level ${alpha}.
        </p>
      </header>
      <section>
        <h2>Scores of every split</h2>
        <p class="caption">
          Each line is one split: both recipes were trained on the same ${trained} examples and tested on the
          same ${tested}. Bars are means.
        </p>
        <figure>${scorePlot(recipes)}</figure>
      </section>
      <section>
        <h2>Recipes</h2>
        ${recipeTable(recipes)}
      </section>`,
    footer: `snapshot ${snapshot} · seed ${seed}`,
  });
}

/** Train and test scores side by side, a line for each split between the two recipes. */
function scorePlot([first, second]: Comparison['recipes']): Markup {
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
    format: formatPercent,
    height: 320,
  });
}

function recipeTable(recipes: Comparison['recipes']): Markup {
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
        ${recipes.map(recipeRow)}
      </tbody>
    </table>
  </div>`;
}

function recipeRow(recipe: RecipeScores): Markup {
  return html`<tr>
    <td>${recipe.version}</td>
    <td>${describeRecipe(recipe)}</td>
    <td class="number">${formatPercent(mean(recipe.train))}</td>
    <td class="number">${formatPercent(spread(recipe.train))}</td>
    <td class="number">${formatPercent(mean(recipe.test))}</td>
    <td class="number">${formatPercent(spread(recipe.test))}</td>
  </tr>`;
}
