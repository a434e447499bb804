/**
 * The demo's report: one page that stands alone, with the story's numbers and the nights' own reports beside it.
 */
import { percent } from './narrator.ts';
import type { Day, StoryNight, Story } from './story.ts';

const CHART = { width: 720, height: 220, left: 48, right: 12, top: 12, bottom: 34 };
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
      ? `<p class="good">Everything happened as told: ${confirmed.length} claims, all checked.</p>`
      : `<p class="bad">${escapeHtml(failure)}</p>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast: the demo</title>
<style>${STYLE}</style>
<h1>A model that holds</h1>
${outcome}
<h2>Live accuracy</h2>
<p>Measured from predictions over HTTP against the truth, day by day. The colour is the version that answered.</p>
${chart(days)}
<h2>Nights</h2>
<table><tr><th>Run</th><th>Verdict</th><th>Why</th><th>Report</th></tr>
${nights.map((night, i) => nightRow(night, nightFiles[i] ?? '')).join('\n')}
</table>
<h2>What was claimed, and checked</h2>
<table><tr><th>Chapter</th><th>Claim</th></tr>
${confirmed.map(({ chapter, claim }) => `<tr><td>${escapeHtml(chapter)}</td><td>✓ ${escapeHtml(claim)}</td></tr>`).join('\n')}
</table>
</html>
`;
}

function nightRow({ run, judged }: StoryNight, file: string): string {
  const verdict = judged?.report.verdict.verdict ?? run.status;
  const link = judged === null ? 'nothing to judge' : `<a href="${escapeHtml(file)}">all checks</a>`;
  return `<tr><td>${escapeHtml(run.id)}</td><td class="${verdict}">${verdict}</td><td>${escapeHtml(run.summary ?? '')}</td><td>${link}</td></tr>`;
}

/** Dots joined by a line, a dot's colour being its version. */
function chart(days: readonly Day[]): string {
  const { width, height, left, right, top, bottom } = CHART;
  const x = (i: number): number => left + (i + 0.5) * ((width - left - right) / Math.max(1, days.length));
  const y = (accuracy: number): number =>
    top + (1 - (Math.max(CHART_FLOOR, accuracy) - CHART_FLOOR) / (1 - CHART_FLOOR)) * (height - top - bottom);
  const line = days.map(({ accuracy }, i) => `${x(i).toFixed(1)},${y(accuracy).toFixed(1)}`).join(' ');
  const grid = [0.5, 0.6, 0.7, 0.8, 0.9, 1].map(
    (level) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(level)}" y2="${y(level)}"/><text x="${left - 6}" y="${y(level) + 4}" text-anchor="end">${Math.round(level * 100)} %</text>`,
  );
  const dots = days.map(
    ({ label, version, accuracy }, i) =>
      `<circle class="v${version}" cx="${x(i).toFixed(1)}" cy="${y(accuracy).toFixed(1)}" r="5"><title>${escapeHtml(label)}: ${percent(accuracy)} by version ${version}</title></circle><text x="${x(i).toFixed(1)}" y="${height - 12}" text-anchor="middle">${escapeHtml(label)}</text>`,
  );
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Live accuracy by day">
${grid.join('\n')}
<polyline points="${line}"/>
${dots.join('\n')}
</svg>
<p><span class="key v1"></span> version 1 <span class="key v2"></span> version 2 <span class="key v3"></span> version 3</p>`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const STYLE = `
:root { color-scheme: light dark; --one: #b4532a; --two: #2a7ab4; --three: #2a8a4a; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
svg { width: 100%; height: auto; }
svg line { stroke: var(--line); } svg polyline { fill: none; stroke: #888; stroke-width: 1.5; }
svg text { font-size: 11px; fill: currentColor; }
circle.v1 { fill: var(--one); } circle.v2 { fill: var(--two); } circle.v3 { fill: var(--three); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-left: 1em; }
.key.v1 { background: var(--one); } .key.v2 { background: var(--two); } .key.v3 { background: var(--three); }
.good, .promote { color: #2a8a4a; } .bad, .reject { color: #c0392b; }
`;
