/**
 * A model's life in nights: each brings a candidate, its exam on held-out labels, and labels by which the referee judges
 * the last few candidates and former champions beside whoever serves. Quality is a number, so what is wrong is known.
 */
import {
  type ChallengerComparison,
  judgeChallenger,
  NOTHING_SEEN,
} from '../../../../shared/continuity/referee/challenger-comparison.ts';
import { decideChampion, type Winner } from '../../../../shared/continuity/referee/decide.ts';
import {
  answerByPromotion,
  ask,
  candidateQuestion,
  formerQuestion,
  levelOf,
  type LedgerState,
  NEW_LEDGER,
} from '../../../../shared/continuity/referee/ledger.ts';
import { divideLevel } from '../../../../shared/continuity/referee/levels.ts';
import { mergeTallies } from '../../../../shared/continuity/statistics/e-process.ts';
import { tangoInterval } from '../../../../shared/continuity/statistics/tango.ts';
import type { Draw } from '../population.ts';
import { drawCounts, tallyCounts } from './lot.ts';

export const ALPHA = 0.05;
export const MARGIN = 0.01;
const DISAGREEMENT = 0.08;
/** As many stand beside the champion in the trainer. */
const MOST_CHALLENGERS = 3;
const MOST_FORMER = 3;
/** A difference this close to the margin is at the margin. */
const ROUNDING = 1e-9;

export interface LifePlan {
  readonly nights: number;
  /** labels by which the referee judges, and held-out ones for the exam, each night */
  readonly labels: number;
  readonly heldOut: number;
  /** how much better tonight's candidate is than who serves */
  readonly drawGain: (draw: Draw) => number;
}

interface Model {
  readonly version: number;
  /** accuracy above that of the first champion */
  readonly quality: number;
  readonly served: boolean;
  /** beside who serves now */
  readonly comparison: ChallengerComparison;
}

export interface Promotion {
  readonly night: number;
  readonly by: 'exam' | 'referee';
  readonly gain: number;
  /** no better than what had to be shown: at the margin or below, for a former champion at 0 or below */
  readonly wrong: boolean;
}

export interface Life {
  readonly promotions: readonly Promotion[];
  /** of who served, each night */
  readonly qualities: readonly number[];
}

export function live({ nights, labels, heldOut, drawGain }: LifePlan, draw: Draw): Life {
  let ledger = NEW_LEDGER;
  let champion: Model = { version: 1, quality: 0, served: true, comparison: NOTHING_SEEN };
  let others: readonly Model[] = [];
  const promotions: Promotion[] = [];
  const qualities: number[] = [];
  for (let night = 0; night < nights; night++) {
    const candidate: Model = {
      version: night + 2,
      quality: champion.quality + drawGain(draw),
      served: false,
      comparison: NOTHING_SEEN,
    };
    others = others.map((model) => seeNight(model, champion.quality, labels, draw));
    ledger = askAll(ledger, candidate, champion, others);
    const { exam } = divideLevel(levelOf(ledger, questionOf(candidate, champion)));
    const examined = drawCounts(heldOut, candidate.quality - champion.quality, DISAGREEMENT, draw);
    const { lower, upper } = tangoInterval(examined, exam);
    const judged = judgeAll(ledger, champion, others);
    const { version, by } = decideChampion({
      candidate: candidate.version,
      champion: champion.version,
      exam: lower > -MARGIN ? 'promote' : upper < -MARGIN ? 'reject' : 'hold',
      open: true,
      examSummary: '',
      trusted: false,
      winners: judged.filter(({ finding }) => finding === 'better').map(({ winner }) => winner),
      waiting: [],
      wording: 'right',
    });
    const standing = judged.filter(({ finding, model }) => model.served || finding !== 'worse');
    others = newest([candidate, ...standing.map(({ model }) => model)]);
    const chosen = others.find((model) => model.version === version);
    if (chosen !== undefined && (by === 'exam' || by === 'referee')) {
      const gain = chosen.quality - champion.quality;
      const floor = chosen.served ? 0 : -MARGIN;
      promotions.push({ night, by, gain, wrong: gain <= floor + ROUNDING });
      ledger = answerByPromotion(ledger, questionOf(chosen, champion));
      others = newest([champion, ...others.filter((model) => model !== chosen)]).map(forget);
      champion = { ...chosen, served: true };
    }
    qualities.push(champion.quality);
  }
  return { promotions, qualities };
}

/** What came in since the last look, answered by both. */
function seeNight(model: Model, quality: number, labels: number, draw: Draw): Model {
  const counts = drawCounts(labels, model.quality - quality, DISAGREEMENT, draw);
  const before = model.comparison;
  const n = before.n + labels;
  const [gains, losses] = [before.gains + counts.gains, before.losses + counts.losses];
  const units = mergeTallies([before.units, tallyCounts(counts)]);
  return { ...model, comparison: { ...before, n, gains, losses, mean: (gains - losses) / n, units } };
}

/** Beside another champion the evidence begins anew. */
function forget(model: Model): Model {
  return { ...model, comparison: NOTHING_SEEN };
}

function questionOf({ version, served }: Model, champion: Model): string {
  return served ? formerQuestion(champion.version) : candidateQuestion(String(version));
}

function askAll(
  ledger: LedgerState,
  candidate: Model,
  champion: Model,
  others: readonly Model[],
): LedgerState {
  const asked = ask(ledger, questionOf(candidate, champion), ALPHA);
  return others.some(({ served }) => served) ? ask(asked, formerQuestion(champion.version), ALPHA) : asked;
}

/** Former champions share the level of one question; a challenger has a tenth of its own. */
function judgeAll(ledger: LedgerState, champion: Model, others: readonly Model[]) {
  const former = others.filter(({ served }) => served).length;
  return others.map((model) => {
    const level = levelOf(ledger, questionOf(model, champion));
    const own = model.served ? level / former : divideLevel(level).referee;
    const { finding } = judgeChallenger(model.comparison, model.served ? 0 : -MARGIN, own);
    const kind: Winner['kind'] = model.served ? 'former champion' : 'challenger';
    return { model, finding, winner: { version: model.version, kind, comparison: model.comparison } };
  });
}

function newest(models: readonly Model[]): readonly Model[] {
  const sorted = models.toSorted((a, b) => b.version - a.version);
  const of = (served: boolean, most: number): Model[] =>
    sorted.filter((model) => model.served === served).slice(0, most);
  return [...of(false, MOST_CHALLENGERS), ...of(true, MOST_FORMER)];
}
