/**
 * A measurement as one HTML page that stands alone: no scripts, no fonts, no requests.
 */
import { html, type Markup } from '../../../trainer/report/page/html-template.ts';
import { renderPage } from '../../../trainer/report/page/report-page.ts';
import type { Row, Table } from '../gate/table.ts';
import type { Replayed } from './measures/outcomes.ts';
import { drawHeatMap, drawLegend, drawTimeline, type Line, type Mark } from './page-charts.ts';
import { isRegression } from './measures/promotions.ts';
import { HOLDFAST, NOBODY, ORACLE } from './lives/strategies.ts';
import { changedBlocks } from './streams/stream.ts';
import { listFailures, type Measured, type Replay, strategyTable, titleOf } from './tables.ts';

const COLOURS: Readonly<Record<string, string>> = {
  [HOLDFAST]: 'var(--candidate)',
  [NOBODY]: 'var(--champion)',
  [ORACLE]: 'var(--pass)',
  everything: '#d97706',
  window: '#9333ea',
  newest: '#db2777',
  ours: '#0891b2',
};
const OTHER = '#a16207';

/** @param rows  what is aimed at, with what came of it */
export function renderContinuity(replays: readonly Replay[], rows: readonly Row[], footer: string): string {
  return renderPage({
    title: 'Continuity on streams',
    content: html`<header>
        <p class="kicker"><b>Continuity</b> <span>${replays.length} replays</span></p>
        <p class="summary">${summarise(rows)}</p>
        <p class="decision">
          Every block is answered by what serves, then its labels come, then a run follows. All strategies
          answer the same rows; the oracle knows which of all versions is best on each block.
        </p>
      </header>
      ${replays.map(section)} ${targetSection(rows)}`,
    footer,
  });
}

function summarise(rows: readonly Row[]): string {
  const aimed = rows.filter(({ met }) => met !== null);
  return `${aimed.filter(({ met }) => met === true).length} of ${aimed.length} targets met`;
}

function section(replay: Replay): Markup {
  const holdfast = replay.measured.find(({ outcome }) => outcome.strategy === HOLDFAST);
  return html`<section>
    <h2>${titleOf(replay)}</h2>
    <p class="caption">
      Score by night. Triangles: a promotion, red where it was bad, amber where a better version was locked
      out. Shaded red: a fault in what was collected on that night; grey: an abrupt change.
    </p>
    ${timeline(replay)}
    ${
      holdfast?.measures == null
        ? null
        : html`<figure>${heatMap(replay.replayed, holdfast)}</figure>
            <p class="caption">
              Holdfast's versions (rows) on the nights' blocks (columns), darker where better, framed where a
              version served.
            </p>`
    }
    ${table(strategyTable(replay))} ${listFailures(replay).map((why) => html`<p class="caption">${why}</p>`)}
  </section>`;
}

function timeline(replay: Replay): Markup {
  const { replayed } = replay;
  const shown = replay.measured.filter(
    ({ outcome, measures }) => measures !== null && !outcome.strategy.endsWith(', point'),
  );
  const lines = shown.map(({ outcome, measures }): Line => {
    const { strategy } = outcome;
    return {
      name: strategy,
      colour: COLOURS[strategy] ?? OTHER,
      values: measures?.scores ?? [],
      dashed: strategy === ORACLE,
      thick: strategy === HOLDFAST,
    };
  });
  if (lines.length === 0) return html`<p>Nobody had a first version.</p>`;
  const rows = shown
    .filter(({ outcome }) => outcome.strategy !== ORACLE && outcome.strategy !== NOBODY)
    .map((one) => ({ name: one.outcome.strategy, marks: marksOf(replayed, one) }));
  return html`${drawLegend(lines)}
    <figure>
      ${drawTimeline({
        lines,
        rows,
        shaded: happenings(replay),
        blocks: replayed.ranges.length,
        format: (value) => formatScore(replayed, value),
      })}
    </figure>`;
}

function formatScore(replayed: Replayed, value: number): string {
  return isRegression(replayed) ? value.toPrecision(3) : value.toFixed(3);
}

function marksOf(replayed: Replayed, { promotions, lockouts }: Measured): Mark[] {
  const promoted = promotions.map(({ block, bad, worse, promoted }): Mark => {
    const change = `${formatScore(replayed, Math.abs(worse))} ${worse > 0 ? 'worse' : 'better'}`;
    return {
      block,
      colour: bad ? 'var(--fail)' : 'var(--pass)',
      title: `version ${promoted + 1} serves from night ${block + 1} on: ${change} than the one before`,
    };
  });
  const locked = lockouts.map((block): Mark => ({
    block,
    colour: 'var(--hold)',
    title: `night ${block + 1}: a better version was kept away`,
  }));
  return [...promoted, ...locked];
}

/** Faults of the night, and abrupt changes. */
function happenings({ replayed, measured }: Replay) {
  const nights = measured.find(({ outcome }) => outcome.nights.length > 0)?.outcome.nights ?? [];
  const faults = nights.flatMap(({ fault }, block) =>
    fault === null ? [] : [{ block, fault: true, title: `night ${block + 1}: ${fault}` }],
  );
  const changes = changedBlocks(replayed.stream, replayed.nights.blocks).map((block) => ({
    block,
    fault: false,
    title: `night ${block + 1}: an abrupt change`,
  }));
  return [...faults, ...changes];
}

function heatMap(replayed: Replayed, { outcome, matrix }: Measured): Markup {
  const { serving } = outcome;
  const losses = matrix.map((version) => version.losses);
  const [least, most] = [Math.min(...losses.flat()), Math.max(...losses.flat())];
  const regression = isRegression(replayed);
  return drawHeatMap({
    versions: matrix.map((_, i) => `version ${i + 1}`),
    shades: losses.map((row) => row.map((loss) => (most - loss) / (most - least || 1))),
    titles: losses.map((row, i) =>
      row.map(
        (loss, block) =>
          `version ${i + 1} on night ${block + 1}: ${formatScore(replayed, regression ? loss : 1 - loss)}`,
      ),
    ),
    serving,
    from: matrix.map(({ after }) => after + 1),
  });
}

function table({ header, rows }: Pick<Table, 'header' | 'rows'>): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${header.map((cell, i) => html`<th class="${i === 0 ? '' : 'number'}">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, i) => html`<td class="${i === 0 ? '' : 'number'}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function targetSection(rows: readonly Row[]): Markup {
  const show = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(4))));
  const cells = rows.map(({ case: name, unit, ours, peer, theirs, target, met }) => [
    name,
    unit,
    show(ours),
    show(theirs),
    peer ?? '',
    target ?? '',
    met === null ? '' : met ? 'yes' : 'NO',
  ]);
  return html`<section>
    <h2>What is aimed at</h2>
    ${table({ header: ['case', 'unit', 'ours', 'theirs', 'beside', 'target', 'met'], rows: cells })}
  </section>`;
}
