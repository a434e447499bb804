/**
 * A comparison as one HTML page that stands alone: every split's scores, the means, the interval.
 */
import { html, type Markup } from '../../shared/continuity/html-template.ts';
import { REPORT_STYLE } from '../../shared/continuity/report-style.ts';
import {
  type Comparison,
  concludeComparison,
  formatDifference,
  formatScore,
  mean,
  type RecipeScores,
  spread,
} from './comparison.ts';
import { describeRecipe } from './recipe.ts';

const WIDTH = 920;
const HEIGHT = 320;
const PLOT = { left: 70, right: 900, top: 16, bottom: 280 } as const;

export function renderComparison(comparison: Comparison): string {
  const { model, splits, trained, tested, recipes, difference, alpha, snapshot, seed } = comparison;
  const show = (value: number): string => formatDifference(comparison, value);
  const measure =
    comparison.target === null
      ? 'Difference in test accuracy'
      : `Fall of the mean absolute error of ${comparison.target.name} on the test examples`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${model}: version ${recipes[0].version} and version ${recipes[1].version}</title>
        <style>
          ${REPORT_STYLE}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p class="kicker"><b>${model}</b> <span>two recipes, ${splits} random splits</span></p>
            <p class="summary">${concludeComparison(comparison)}.</p>
            <p class="decision">
              ${measure}: ${show(difference.estimate)}; corrected resampled t interval
              ${show(difference.lower)} to ${show(difference.upper)}, each bound at level ${alpha}.
            </p>
          </header>
          <section>
            <h2>Scores of every split</h2>
            <p class="caption">
              Each line is one split: both recipes were trained on the same ${trained} examples and tested on
              the same ${tested}. Bars are means.
            </p>
            <figure>${scorePlot(comparison)}</figure>
          </section>
          <section>
            <h2>Recipes</h2>
            ${recipeTable(comparison)}
          </section>
          <footer>Holdfast · snapshot ${snapshot} · seed ${seed}</footer>
        </main>
      </body>
    </html> `.text;
}

interface Column {
  readonly title: string;
  readonly className: string;
  readonly values: readonly number[];
}

/** Train and test scores side by side, a line for each split between the two recipes. */
function scorePlot(comparison: Comparison): Markup {
  const [first, second] = comparison.recipes;
  const format = (score: number): string => formatScore(comparison, score);
  const columns: readonly Column[] = [
    { title: `version ${first.version}, train`, className: 'champion', values: first.train },
    { title: `version ${second.version}, train`, className: 'candidate', values: second.train },
    { title: `version ${first.version}, test`, className: 'champion', values: first.test },
    { title: `version ${second.version}, test`, className: 'candidate', values: second.test },
  ];
  const all = columns.flatMap(({ values }) => values);
  const [low, high] = axisOf(comparison, Math.min(...all), Math.max(...all));
  const y = (value: number): number =>
    PLOT.bottom - ((value - low) / (high - low)) * (PLOT.bottom - PLOT.top);
  const x = (column: number): number =>
    PLOT.left + ((column + 0.5) * (PLOT.right - PLOT.left)) / columns.length;
  const ticks = Array.from({ length: 6 }, (_, i) => low + (i * (high - low)) / 5);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
    ${ticks.map(
      (tick) =>
        html`<line
            class="grid"
            x1="${PLOT.left}"
            x2="${PLOT.right}"
            y1="${px(y(tick))}"
            y2="${px(y(tick))}"
          />
          <text class="tick" x="${PLOT.left - 8}" y="${px(y(tick) + 4)}" text-anchor="end"
            >${format(tick)}</text
          >`,
    )}
    ${[0, 2].map((left) => splitLines(columns[left], columns[left + 1], x(left), x(left + 1), y))}
    ${columns.map((column, i) => drawColumn(column, x(i), y, format))}
  </svg>`;
}

function splitLines(
  left: Column | undefined,
  right: Column | undefined,
  from: number,
  to: number,
  y: (value: number) => number,
): Markup[] {
  return (left?.values ?? []).map(
    (value, i) =>
      html`<line
        class="grid"
        x1="${px(from)}"
        y1="${px(y(value))}"
        x2="${px(to)}"
        y2="${px(y(right?.values[i] ?? value))}"
      />`,
  );
}

/** Twentieths around accuracies; errors from 0, so that a small difference looks small. */
function axisOf({ target }: Comparison, least: number, most: number): readonly [number, number] {
  if (target !== null) return [0, most === 0 ? 1 : most];
  const low = Math.floor(20 * least) / 20;
  return [low, Math.max(Math.ceil(20 * most) / 20, low + 0.05)];
}

function drawColumn(
  { title, className, values }: Column,
  x: number,
  y: (value: number) => number,
  format: (score: number) => string,
): Markup {
  const middle = px(y(mean(values)));
  return html`<g class="series ${className}">
    <path d="M${px(x - 34)} ${middle}H${px(x + 34)}" />
    ${values.map(
      (value, i) =>
        html`<circle cx="${px(x)}" cy="${px(y(value))}" r="4"
          ><title>${title}, split ${i + 1}: ${format(value)}</title></circle
        >`,
    )}
    <text class="tick" x="${px(x)}" y="${PLOT.bottom + 24}" text-anchor="middle">${title}</text>
  </g>`;
}

function recipeTable(comparison: Comparison): Markup {
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

function recipeRow(comparison: Comparison, recipe: RecipeScores): Markup {
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

function px(value: number): string {
  return value.toFixed(1);
}
