/**
 * What came in since: who stands beside the champion, what the labels said, and how far the evidence is.
 */
import { formatCount } from '../../shared/continuity/findings/format.ts';
import { html, type Markup } from './page/html-template.ts';
import type { Forward, ForwardContender } from './report.ts';

/** What is to be said in one line of one that stands beside the champion. */
export function describeStanding({ finding, dropped, moreLabels, n }: ForwardContender): string {
  if (dropped !== null) return `out: ${dropped}`;
  if (n === 0) return 'no labels yet';
  if (finding === 'better') return 'may serve';
  if (finding === 'worse') return 'shown to be worse';
  return moreLabels === null
    ? 'open; at this pace labels will not decide'
    : `open; about ${formatCount(moreLabels)} more labels decide`;
}

/** Trust in the recipe, in one sentence. */
export function describeTrust({ trust }: Forward): string {
  const { trusted, change, progress, losses } = trust;
  const before = losses === 0 ? '' : `, which it has lost ${losses === 1 ? 'once' : `${losses} times`}`;
  if (trusted)
    return `The recipe is trusted${change === 'earned' ? ' from this run on' : ''}: its candidates may serve at once.`;
  const lost = change === 'lost' ? 'The recipe lost its trust in this run. ' : '';
  return `${lost}The recipe has ${percent(progress)} of the evidence that earns it trust${before}.`;
}

/** Evidence as a share of what decides, on the scale of logarithms; nothing below 0 or above all. */
export function percent(progress: number): string {
  return `${Math.round(100 * Math.min(1, Math.max(0, progress)))} %`;
}

/** In points of accuracy or utility, with a sign. */
export function signedPoints(mean: number): string {
  const points = (100 * mean).toFixed(1);
  return mean > 0 ? `+${points}` : points.replace('-', '−');
}

const HEADS = {
  right: ['Right only with it', 'Right only with the champion'],
  better: ['Answered better with it', 'Answered better by the champion'],
} as const;

/** The section of the page. */
export function forwardSection(forward: Forward): Markup {
  const { champion, contenders, wording } = forward;
  const [gains, losses] = HEADS[wording];
  return html`<section>
    <h2>What came in since</h2>
    <p class="caption">
      ${`Labels whose inputs nobody here was trained on, answered again by version ${champion}, which serves, and by those beside it. `}
      ${describeTrust(forward)}
    </p>
    ${
      contenders.length === 0
        ? html`<p>Nobody stands beside the champion yet.</p>`
        : html`<div class="scroll">
            <table>
              <thead>
                <tr>
                  <th>Beside the champion</th>
                  <th class="number">Labels</th>
                  <th class="number">${gains}</th>
                  <th class="number">${losses}</th>
                  <th class="number">Points</th>
                  <th class="number">Evidence</th>
                  <th>Standing</th>
                </tr>
              </thead>
              <tbody>
                ${contenders.map(contenderRow)}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function contenderRow(contender: ForwardContender): Markup {
  const { version, kind, n, gains, losses, mean, progress } = contender;
  const seen = n > 0;
  return html`<tr>
    <td>${`version ${version}${kind === 'former champion' ? ', a former champion' : ''}`}</td>
    <td class="number">${formatCount(n)}</td>
    <td class="number">${seen ? formatCount(gains) : ''}</td>
    <td class="number">${seen ? formatCount(losses) : ''}</td>
    <td class="number">${seen ? signedPoints(mean) : ''}</td>
    <td class="number">${seen && progress !== null ? percent(progress) : ''}</td>
    <td>${describeStanding(contender)}</td>
  </tr>`;
}
