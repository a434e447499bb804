/**
 * A learning rate range test as one HTML page that stands alone: the loss over the rate, and the suggestion.
 */
import { columnGrid, evenTicks, logScale, polyline, px, rowGrid, scale, WIDTH } from '../report/page/axes.ts';
import { html, type Markup } from '../report/page/html-template.ts';
import { renderPage } from '../report/page/report-page.ts';
import { concludeSearch, formatRate, type RateSearch } from './rate-search.ts';

const HEIGHT = 380;
const PLOT = { left: 64, right: 900, top: 16, bottom: 330 } as const;
const LOSS_TICKS = 5;

/** HTML, with everything it shows inside. */
export function renderRateSearch(search: RateSearch): string {
  const { model, snapshot, parent, examples, batchSize, points, steps, seed } = search;
  const start = parent === null ? 'a new initialisation' : `version ${parent}`;
  const ended = points.length < steps ? ` It ended after ${points.length}, where the loss diverged.` : '';
  const content = html`<header>
      <p class="kicker"><b>${model}</b> <span>learning rate range test</span></p>
      <p class="summary">${concludeSearch(search)}.</p>
      <p class="decision">
        ${examples} training examples in batches of ${batchSize}, from ${start}; the rate rises by the same
        factor in each of ${steps} steps.${ended}
      </p>
    </header>
    <section>
      <h2>Loss over the learning rate</h2>
      <p class="caption">
        Of each batch before its step, smoothed over the batches around it (Smith 2017). A good rate is where
        it falls fast, well before the lowest point.
      </p>
      <figure>${plot(search)}</figure>
    </section>`;
  return renderPage({
    title: `${model}: learning rate`,
    content,
    footer: `snapshot ${snapshot} · seed ${seed}`,
  });
}

function plot({ points, from, to, suggestion, learningRate }: RateSearch): Markup {
  const losses = points.map(({ loss }) => loss);
  const [low, high] = [Math.min(...losses), highest(losses)];
  const x = logScale([from, to], [PLOT.left, PLOT.right]);
  const y = scale([low, high], [PLOT.bottom, PLOT.top]);
  const line = points.map(({ rate, loss }) => [x(rate), y(Math.min(loss, high))] as const);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
    ${rowGrid(evenTicks(low, high, LOSS_TICKS), y, PLOT, (tick) => tick.toPrecision(3))}
    ${columnGrid(powersOfTen(from, to), x, PLOT, formatRate)}
    ${inRange(learningRate, from, to) ? marker(x(learningRate), 'champion', 'the spec', PLOT.top + 28) : null}
    ${suggestion === null ? null : marker(x(suggestion), 'candidate', 'suggested', PLOT.top + 12)}
    <g class="series candidate"><path d="${polyline(line)}" /></g>
  </svg>`;
}

/** The end of a test that diverged would flatten all that comes before: the plot is cut at twice the first loss. */
export function highest(losses: readonly number[]): number {
  return Math.min(Math.max(...losses), 2 * (losses[0] ?? 1));
}

function marker(x: number, className: string, label: string, y: number): Markup {
  return html`<g class="series ${className}">
    <path d="M${px(x)} ${PLOT.top}V${PLOT.bottom}" stroke-dasharray="4 4" />
    <text class="tick" x="${px(x + 6)}" y="${px(y)}">${label}</text>
  </g>`;
}

function powersOfTen(from: number, to: number): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(`1e${first + i}`));
}

function inRange(rate: number, from: number, to: number): boolean {
  return rate >= from && rate <= to;
}
