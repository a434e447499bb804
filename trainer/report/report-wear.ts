/**
 * The report's account of what reuse has left of each window.
 */
import { formatCount } from '../../shared/continuity/findings/format.ts';
import { html } from './page/html-template.ts';
import type { Markup } from './page/html-template.ts';
import type { WindowWear } from './report.ts';
import { LONGEST_LIFE } from '../../shared/continuity/findings/wear.ts';

export function wearSection(wear: readonly WindowWear[]): Markup | null {
  if (wear.length === 0) return null;
  return html`<section>
    <h2>What is left of the windows</h2>
    <p class="caption">
      A window's k-th decision is taken at a k-th of the level, so that no number of nights lets a bad
      candidate through by patience. Left: decisions until a candidate exactly as good as the champion would
      be held for lack of level; merging with a neighbour, or new labels, give a window a larger sample and so
      a longer life.
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Window</th>
            <th class="number">Decisions before</th>
            <th class="number">Level this time</th>
            <th class="number">Left</th>
          </tr>
        </thead>
        <tbody>
          ${wear.map(wearRow)}
        </tbody>
      </table>
    </div>
  </section>`;
}

function wearRow({ id, decisions, level, left }: WindowWear): Markup {
  return html`<tr>
    <td>${id}</td>
    <td class="number">${formatCount(decisions)}</td>
    <td class="number">${Number(level.toPrecision(2))}</td>
    <td class="number">${describeLeft(left)}</td>
  </tr>`;
}

/** `12`; `none` where the window is too small even now; ten years where it was looked no further. */
export function describeLeft(left: number): string {
  if (left === 0) return 'none';
  return left >= LONGEST_LIFE ? 'ten years of nights' : formatCount(left);
}
