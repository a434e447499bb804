/**
 * The report's reliability diagram: accuracy against confidence, on the diagonal where probabilities mean what they say.
 */
import { formatCount, formatPercent, formatPoints } from '../../shared/continuity/findings/format.ts';
import { html, type Markup } from './page/html-template.ts';
import type { ReliabilityBin } from '../../shared/continuity/policy/probabilities.ts';
import type { Calibration, Reliability } from './report.ts';

const SIZE = 300;
const LEFT = 46;
const TOP = 10;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

const x = (share: number): string => (LEFT + share * SIZE).toFixed(1);
const y = (share: number): string => (TOP + (1 - share) * SIZE).toFixed(1);

/** Both models in one square; [] bins are left out, and a dot's area is its share of the examples. */
export function reliabilitySection({ window, candidate, champion }: Reliability): Markup {
  return html`<section>
    <h2>Reliability</h2>
    <p class="caption">
      Accuracy against confidence on window ${window}, in ${candidate.bins.length} bins; the larger a dot, the
      more examples. On the diagonal, 80 % sure means right four times in five. Expected calibration error:
      candidate ${formatPoints(candidate.error)}
      points${champion === null ? '' : `, champion ${formatPoints(champion.error)}`}.
    </p>
    <p class="legend">
      ${champion === null ? null : html`<span class="champion">Champion</span>`}
      <span class="candidate">Candidate</span>
    </p>
    <figure class="square">
      <svg viewBox="0 0 ${LEFT + SIZE + 24} ${TOP + SIZE + 42}" role="img">
        ${TICKS.map(gridAt)}
        <line class="margin" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}" />
        ${champion === null ? null : reliabilityLine(champion, 'champion')}
        ${reliabilityLine(candidate, 'candidate')}
        <text class="tick" x="${x(0.5)}" y="${TOP + SIZE + 36}" text-anchor="middle">confidence</text>
      </svg>
    </figure>
  </section>`;
}

function gridAt(share: number): Markup {
  return html`<line class="grid" x1="${x(0)}" x2="${x(1)}" y1="${y(share)}" y2="${y(share)}" />
    <line class="grid" x1="${x(share)}" x2="${x(share)}" y1="${y(0)}" y2="${y(1)}" />
    <text class="tick" x="${LEFT - 8}" y="${(Number(y(share)) + 4).toFixed(1)}" text-anchor="end"
      >${formatPercent(share).replace('.0', '')}</text
    >
    <text class="tick" x="${x(share)}" y="${TOP + SIZE + 18}" text-anchor="middle"
      >${formatPercent(share).replace('.0', '')}</text
    >`;
}

function reliabilityLine({ bins }: Calibration, className: string): Markup {
  const filled = bins.filter(({ n }) => n > 0);
  const total = filled.reduce((sum, { n }) => sum + n, 0);
  const path = filled
    .map((bin, i) => `${i === 0 ? 'M' : 'L'}${x(bin.confidence)} ${y(bin.accuracy)}`)
    .join('');
  return html`<g class="series ${className}">
    <path d="${path}" />
    ${filled.map((bin) => reliabilityDot(bin, total, className))}
  </g>`;
}

function reliabilityDot({ n, confidence, accuracy }: ReliabilityBin, total: number, name: string): Markup {
  const radius = (2.5 + 8 * Math.sqrt(n / total)).toFixed(1);
  return html`<circle cx="${x(confidence)}" cy="${y(accuracy)}" r="${radius}"
    ><title>
      ${name}: ${formatCount(n)} examples, ${formatPercent(confidence)} sure, ${formatPercent(accuracy)} right
    </title></circle
  >`;
}
