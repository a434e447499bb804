/**
 * What a report says of the labels: which were kept apart.
 */
import { formatCount } from '../../shared/continuity/findings/format.ts';
import { html, type Markup } from './page/html-template.ts';
import type { LabelsApart } from './report.ts';

/** One sentence for each stretch. */
export function describeApart(apart: readonly LabelsApart[]): string[] {
  return apart.map(({ fromMs, toMs, status, examples, reason }) => {
    const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 16).replace('T', ' '));
    const how = status === 'held' ? 'kept apart' : 'discarded';
    return `${formatCount(examples)} labels of ${from} to ${to} UTC, ${how}: ${reason}`;
  });
}

/**
 * One sentence for each stretch, and some of its examples behind it.
 *
 * @param apart  at least one
 */
export function labelSection(apart: readonly LabelsApart[]): Markup {
  const sentences = describeApart(apart);
  return html`<section>
    <h2>Labels that are kept apart</h2>
    <p class="caption">They neither trained this candidate nor judged it.</p>
    <ul>
      ${apart.map(
        ({ sample }, i) =>
          html`<li>
            ${sentences[i] ?? ''}${
              sample.length === 0
                ? null
                : html`<details>
                    <summary>Some of them</summary>
                    <code>${sample.join(' ')}</code>
                  </details>`
            }
          </li>`,
      )}
    </ul>
  </section>`;
}
