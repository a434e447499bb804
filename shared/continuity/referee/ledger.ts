/**
 * What the gate of a model has spent and what its recipes have earned, over the model's whole life. Pure: a state, and
 * what happens to it; where it is kept is `trainer/referee/ledger-file.ts`'s affair.
 */
import { levelOfNext } from './levels.ts';
import { lostTrust, type Trust, UNTRIED } from './trust.ts';

export interface LedgerState {
  /** questions asked so far: "is this candidate (or one of the former champions) as good as the champion?" */
  readonly tests: number;
  /** how many of them ended in a promotion on evidence */
  readonly rejections: number;
  /** level of each candidate that may still become champion, by the question's name */
  readonly levels: Readonly<Record<string, number>>;
  /** by the digest of the recipe */
  readonly recipes: Readonly<Record<string, Trust>>;
  /** what was decided about last: a snapshot, a spec and a champion, which need not be looked at twice */
  readonly subject: string | null;
  /** how far labels were looked at, milliseconds, exclusive */
  readonly checkedToMs: number;
  /** how far what served agreed with the labels of the last nights, oldest first; without those that were kept apart */
  readonly agreements: readonly Agreement[];
  /** of each class that came in so far, how many examples of it what served was right on, of the newest ones */
  readonly recalls: readonly ClassRecall[];
  /** checks that something broken held, and for how many nights running */
  readonly broken: Readonly<Record<string, number>>;
}

export interface Agreement {
  readonly n: number;
  /** of numbers: those that lie in the same third of their night as the answer */
  readonly right: number;
  /** of numbers: sum of the absolute errors */
  readonly error?: number | undefined;
  /** of classes: each that came in that night */
  readonly recalls?: readonly ClassRecall[] | undefined;
}

/** Examples labelled with a class, and how many of them were answered with it. */
export interface ClassRecall {
  readonly label: number;
  readonly n: number;
  readonly right: number;
}

export const NEW_LEDGER: LedgerState = {
  tests: 0,
  rejections: 0,
  levels: {},
  recipes: {},
  subject: null,
  checkedToMs: 0,
  agreements: [],
  recalls: [],
  broken: {},
};

/** Levels that are remembered: older questions are closed, as no challenger stays for so many nights. */
const REMEMBERED = 32;

/** The question about a candidate, by its digest: the same candidate is never asked about twice. */
export function candidateQuestion(digest: string): string {
  return `candidate ${digest}`;
}

/** The question about all former champions, while this version serves. */
export function formerQuestion(champion: number): string {
  return `former champions against ${champion}`;
}

/** Asks a question, at the level that is left for it. One that was asked already keeps its level, and costs nothing. */
export function ask(state: LedgerState, question: string, alpha: number): LedgerState {
  if (question in state.levels) return state;
  const level = levelOfNext(alpha, state);
  const kept = Object.entries(state.levels).slice(-(REMEMBERED - 1));
  return {
    ...state,
    tests: state.tests + 1,
    levels: Object.fromEntries([...kept, [question, level]]),
  };
}

/** @throws RangeError for a question that nobody asked (a bug in the caller) */
export function levelOf({ levels }: LedgerState, question: string): number {
  const level = levels[question];
  if (level === undefined) throw new RangeError(`expected a question that was asked, got '${question}'`);
  return level;
}

/** A question was answered by a promotion: what it cost comes back. */
export function answerByPromotion(state: LedgerState, question: string): LedgerState {
  const { [question]: answered, ...levels } = state.levels;
  return answered === undefined ? state : { ...state, levels, rejections: state.rejections + 1 };
}

/** A version that a trusted recipe made was taken back: it has to earn trust anew, with what comes after. */
export function loseTrust(trust: Trust, from: number): Trust {
  return trust.trusted ? lostTrust(trust, from) : trust;
}

/**
 * What a recipe has earned; of one that never had a night, that it is untried.
 *
 * @param recipe  its digest
 */
export function trustIn({ recipes }: LedgerState, recipe: string): Trust {
  return recipes[recipe] ?? UNTRIED;
}

/** The state with a recipe's trust set; the one it was given is not changed. */
export function withTrust(state: LedgerState, recipe: string, trust: Trust): LedgerState {
  return { ...state, recipes: { ...state.recipes, [recipe]: trust } };
}

/** So many nights running, and what broke is no accident. */
export const BROKEN_NIGHTS = 3;

/** Notes which checks something broken held tonight; one that was not held begins anew. */
export function noteBroken(state: LedgerState, checks: readonly string[]): LedgerState {
  const broken = Object.fromEntries(checks.map((check) => [check, (state.broken[check] ?? 0) + 1]));
  return { ...state, broken };
}

/** Checks that something broken has held for `BROKEN_NIGHTS` nights running. */
export function longBroken({ broken }: Pick<LedgerState, 'broken'>): string[] {
  return Object.keys(broken).filter((check) => (broken[check] ?? 0) >= BROKEN_NIGHTS);
}

/** Nights by which one tells what is usual. */
const USUAL_NIGHTS = 4;

/**
 * Notes that labels were looked at up to a moment, and how far they agreed where they are believed.
 *
 * @param afresh  whether what was usual before no longer is: labels have come to mean something else for good
 */
export function noteLabels(
  state: LedgerState,
  toMs: number,
  believed: Agreement | null,
  afresh = false,
): LedgerState {
  const checkedToMs = Math.max(state.checkedToMs, toMs);
  if (believed === null) return { ...state, checkedToMs };
  const { recalls = [], ...agreement } = believed;
  const before = afresh ? NEW_LEDGER : state;
  return {
    ...state,
    checkedToMs,
    agreements: [...before.agreements, agreement].slice(-USUAL_NIGHTS),
    recalls: addRecalls(before.recalls, recalls),
  };
}

/** Of so many examples of a class the newest ones decide whether it is known. */
const RECALLED = 64;

function addRecalls(before: readonly ClassRecall[], tonight: readonly ClassRecall[]): ClassRecall[] {
  const known = new Map(before.map((each) => [each.label, each]));
  for (const { label, n, right } of tonight) {
    const old = known.get(label) ?? { n: 0, right: 0 };
    const keep = Math.min(1, Math.max(0, RECALLED - n) / Math.max(1, old.n));
    known.set(label, { label, n: n + Math.floor(keep * old.n), right: right + Math.floor(keep * old.right) });
  }
  return [...known.values()].sort((a, b) => a.label - b.label);
}

/** A class of which fewer were answered right was not known: what is said of it instead proves nothing. */
const LEAST_RECALL = 0.25;

/** Classes that what served has been right on; null where nobody knows of any class whether it was. */
export function knownClasses({ recalls }: Pick<LedgerState, 'recalls'>): ReadonlySet<number> | null {
  if (recalls.length === 0) return null;
  return new Set(recalls.filter(({ n, right }) => right >= LEAST_RECALL * n).map(({ label }) => label));
}

/** Share of the labels of the last nights that agreed with what served; null where none were seen. */
export function usualAgreement({ agreements }: Pick<LedgerState, 'agreements'>): number | null {
  const n = agreements.reduce((sum, each) => sum + each.n, 0);
  return n === 0 ? null : agreements.reduce((sum, each) => sum + each.right, 0) / n;
}

/** Mean absolute error of what served over the last nights; null where none were seen, or of classes. */
export function usualError({ agreements }: Pick<LedgerState, 'agreements'>): number | null {
  const seen = agreements.filter(({ error }) => error !== undefined);
  const n = seen.reduce((sum, each) => sum + each.n, 0);
  return n === 0 ? null : seen.reduce((sum, { error = 0 }) => sum + error, 0) / n;
}
