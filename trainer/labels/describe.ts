/**
 * Labels that are kept apart, in words, and as they are written down.
 */
import type { Quarantine } from '../../shared/registry/quarantine.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { RunContext } from '../run/context.ts';
import type { Replayed } from '../referee/replay.ts';
import { asClasses, type Look, type Usual } from './look.ts';
import type { TimeRange } from '../pipeline/data/time-range.ts';

const SAMPLE = 20;

/** `38.5 % of 800 new labels agree with what served`; of numbers, how far it was off. */
export function describeAgreement({ n, agreement, error }: Look): string {
  return error === null
    ? `${percent(agreement)} of ${n} new labels agree with what served`
    : `what served is off by ${size(error)} on average over ${n} new targets`;
}

/** What the labels seem to have been through. */
export function describeFault({ kind, renamings, scale }: Look): string {
  switch (kind) {
    case null:
      return '';
    case 'renamed':
      return `${renamings.length} classes seem to have changed places`;
    case 'rescaled':
      return describeScale(scale);
    case 'unrelated':
      return 'they seem to have lost their examples: neither what served nor their neighbours know them';
  }
}

function describeScale(scale: Look['scale']): string {
  const { factor, shift } = scale ?? { factor: 1, shift: 0 };
  const moved = `${shift < 0 ? 'minus' : 'plus'} ${size(Math.abs(shift))}`;
  return `they seem to be ${size(factor)} times what they were, ${moved}`;
}

/** The record of a stretch of labels, held from now on, as `quarantine/<from>-<to>.json` has it. */
export function describeQuarantined(
  { run, spec, now }: RunContext,
  { fromMs, toMs }: TimeRange,
  seen: Replayed,
  look: Look,
  usual: Usual,
): Quarantine {
  const { n, agreement, renamings, scale } = look;
  return {
    format: 'holdfast-quarantine/1',
    fromMs,
    toMs,
    status: 'held',
    kind: look.kind ?? 'renamed',
    run: run.id,
    at: now().toISOString(),
    reason: reasonOf(spec.task === 'classification' ? spec.labels : null, look, usual),
    examples: n,
    agreement,
    usual: usual.agreement ?? 0,
    renamings: renamings.slice(0, SAMPLE),
    scale,
    sample: sampleOf(spec, seen, run.championAtStart ?? 0, look),
    ended: null,
    former: [],
  };
}

/** @param names  of the classes; null of numbers */
function reasonOf(names: readonly string[] | null, look: Look, usual: Usual): string {
  const { n, agreement, error } = look;
  if (names === null && look.kind === 'rescaled') {
    const was = usual.error === null ? '' : `, where it was off by ${size(usual.error)} before`;
    return `what served is off by ${size(error ?? 0)} on average over ${n} targets${was}: ${describeFault(look)}`;
  }
  const what =
    names === null ? 'targets lie in the same third as what served said' : 'labels agree with what served';
  const seen = `${percent(agreement)} of ${n} ${what}, where ${percent(usual.agreement ?? 0)} did before`;
  if (look.kind === 'unrelated')
    return `${seen}: ${describeContradicted(names, look)}neighbours do not know them either`;
  const [most] = look.renamings;
  return names === null || most === undefined
    ? seen
    : `${seen}: of ${most.answered} examples that look like '${names[most.from]}', ${most.labelled} are labelled '${names[most.to]}'`;
}

/** The class that is contradicted most, as far as classes have names. */
function describeContradicted(names: readonly string[] | null, { contradicted }: Look): string {
  const [most] = contradicted;
  if (names === null || most === undefined) return '';
  return `of ${most.labelled} that are labelled '${names[most.label]}' it contradicts ${most.contradicted}, and `;
}

/** Ids of examples that show it: those of a class that moved, or that the champion contradicts; of numbers the first. */
function sampleOf(spec: Spec, seen: Replayed, champion: number, look: Look): string[] {
  const { labels, answers } = asClasses(spec, seen, champion);
  const moved = new Map(look.renamings.map(({ from, to }) => [from, to]));
  const shows = (i: number): boolean => {
    if (look.kind === 'rescaled') return true;
    if (look.kind === 'renamed') return moved.get(answers[i] as number) === labels[i];
    return labels[i] !== answers[i];
  };
  return seen.ids.filter((_, i) => shows(i)).slice(0, SAMPLE);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Three digits, as people write them. */
function size(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
