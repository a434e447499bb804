/**
 * What the referee saw, in one line for a person.
 */
import { describeComparison, type Wording } from '../../shared/continuity/referee/decide.ts';
import { describeSelection } from './selection.ts';
import type { ContenderRecord, RefereeRecord } from './record.ts';

/** @param record  null where there was no champion to stand beside */
export function describeReferee(record: RefereeRecord | null, wording: Wording): string {
  if (record === null) return 'no champion yet to stand beside';
  const { contenders, champion, trust } = record;
  const seen = contenders.map((contender) => describeContender(contender, champion, wording));
  const recipe = trust.trust.trusted ? 'the recipe is trusted' : 'the recipe has not earned trust yet';
  const change = trust.change === null ? '' : ` (${trust.change} in this run)`;
  return [...(seen.length === 0 ? ['nobody beside the champion'] : seen), `${recipe}${change}`].join('; ');
}

function describeContender(contender: ContenderRecord, champion: number, wording: Wording): string {
  const { version, kind, comparison, judgement, selection, dropped } = contender;
  const name = kind === 'challenger' ? `version ${version}` : `version ${version}, a former champion,`;
  if (dropped !== null) return `${name} is out: ${dropped}`;
  if (comparison.n === 0) return `${name} has seen no labels yet`;
  const finding = {
    better: 'may serve',
    worse: 'is shown to be worse',
    open: 'is still open',
  }[judgement?.finding ?? 'open'];
  const labels = selection === undefined ? '' : describeSelection(selection);
  return `${name} ${finding}: ${describeComparison(version, champion, comparison, wording)}${labels === '' ? '' : `; ${labels}`}`;
}
