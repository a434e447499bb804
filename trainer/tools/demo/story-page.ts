/**
 * The demo's report: one page that stands alone, with the story's numbers and the nights' own reports beside it.
 */
import { raw } from 'hono/html';
import { columnLabel, evenTicks, polyline, px, rowGrid, scale } from '../../report/page/axes.ts';
import { html, type Markup } from '../../report/page/html-template.ts';
import { percent } from './narrator.ts';
import type { Day, StoryNight, Story } from './story.ts';

const CHART = { width: 720, height: 220, left: 48, right: 708, top: 12, bottom: 186 } as const;
/** Accuracies below this are drawn at the bottom. */
const CHART_FLOOR = 0.5;

/**
 * @param nightFiles  the nights' report pages, in order, relative to this page
 * @param failure     what did not happen; null when everything did
 */
export function renderStoryPage(
  { days, confirmed, nights }: Story,
  nightFiles: readonly string[],
  failure: string | null,
): string {
  const outcome =
    failure === null
      ? html`<p class="good">Everything happened as told: ${confirmed.length} claims, all checked.</p>`
      : html`<p class="bad">${failure}</p>`;
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>Holdfast: the demo</title>
      <style>
        ${STYLE}
      </style>
      <h1>A model that holds</h1>
      ${outcome}
      <h2>Live accuracy</h2>
      <p>
        Measured from predictions over HTTP against the truth, day by day. The colour is the version that
        answered.
      </p>
      ${chart(days)}
      <h2>Nights</h2>
      <table>
        <tr>
          <th>Run</th>
          <th>Verdict</th>
          <th>Why</th>
          <th>Report</th>
        </tr>
        ${nights.map((night, i) => nightRow(night, nightFiles[i] ?? ''))}
      </table>
      <h2>What was claimed, and checked</h2>
      <table>
        <tr>
          <th>Chapter</th>
          <th>Claim</th>
        </tr>
        ${confirmed.map(
          ({ chapter, claim }) =>
            html`<tr>
              <td>${chapter}</td>
              <td>✓ ${claim}</td>
            </tr>`,
        )}
      </table>
    </html> `.toString();
}

function nightRow({ run, judged }: StoryNight, file: string): Markup {
  const verdict = judged?.report.verdict.verdict ?? run.status;
  const link = judged === null ? 'nothing to judge' : html`<a href="${file}">all checks</a>`;
  return html`<tr>
    <td>${run.id}</td>
    <td class="${verdict}">${verdict}</td>
    <td>${run.summary ?? ''}</td>
    <td>${link}</td>
  </tr>`;
}

/** Dots joined by a line, a dot's colour being its version. */
function chart(days: readonly Day[]): Markup {
  const { width, height, left, right, top, bottom } = CHART;
  const x = scale([-0.5, Math.max(1, days.length) - 0.5], [left, right]);
  const y = scale([CHART_FLOOR, 1], [bottom, top]);
  const dots = days.map(({ label, version, accuracy }, i) => ({
    title: `${label}: ${percent(accuracy)} by version ${version}`,
    label,
    version,
    at: [x(i), y(Math.max(CHART_FLOOR, accuracy))] as const,
  }));
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Live accuracy by day">
      ${rowGrid(evenTicks(CHART_FLOOR, 1, 6), y, CHART, (level) => `${Math.round(level * 100)} %`)}
      <path class="days" d="${polyline(dots.map(({ at }) => at))}" />
      ${dots.map(
        ({ title, label, version, at: [x, y] }) =>
          html`<circle class="v${version}" cx="${px(x)}" cy="${px(y)}" r="5"><title>${title}</title></circle>
            ${columnLabel(x, height - 12, label)}`,
      )}
    </svg>
    <p>
      <span class="key v1"></span> version 1 <span class="key v2"></span> version 2
      <span class="key v3"></span> version 3
    </p>`;
}

const STYLE = raw(`
:root { color-scheme: light dark; --one: #b4532a; --two: #2a7ab4; --three: #2a8a4a; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
svg { width: 100%; height: auto; }
svg line { stroke: var(--line); } svg .days { fill: none; stroke: #888; stroke-width: 1.5; }
svg text { font-size: 11px; fill: currentColor; }
circle.v1 { fill: var(--one); } circle.v2 { fill: var(--two); } circle.v3 { fill: var(--three); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-left: 1em; }
.key.v1 { background: var(--one); } .key.v2 { background: var(--two); } .key.v3 { background: var(--three); }
.good, .promote { color: #2a8a4a; } .bad, .reject { color: #c0392b; }
`);
