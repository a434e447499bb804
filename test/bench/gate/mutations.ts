/**
 * Single changes to the code of judges, and which tests should notice them. Pure: text in, text out.
 */

/** Each turns one spelling into another; what does not compile counts as noticed only if a test fails. */
const MUTATIONS: readonly (readonly [RegExp, string])[] = [
  [/ < /g, ' <= '],
  [/ < /g, ' > '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ <= /g, ' < '],
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ /g, ' * '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/Math\.min\(/g, 'Math.max('],
  [/Math\.max\(/g, 'Math.min('],
  [/'pass'/g, "'hold'"],
  [/'fail'/g, "'pass'"],
  [/'hold'/g, "'skip'"],
  [/'above'/g, "'below'"],
  [/'holdout'/g, "'train'"],
  [/\+\+/g, '--'],
  [/-policy\./g, 'policy.'],
  [/\.lower\b/g, '.upper'],
  [/\.upper\b/g, '.lower'],
  [/\bgains\b/g, 'losses'],
  [/\bcandidate\b/g, 'champion'],
];

export interface Mutant {
  readonly file: string;
  /** from 0 */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** Comments, imports, types and messages say nothing that a test of a verdict could notice. */
const LEFT_ALONE =
  /^\s*(?:\/\*\*?|\*|\/\/|import|export interface|export type|type |readonly|\w+: '\w+' \|)|`/;

/** Every single change that a mutation makes to a line of code. */
export function mutantsOf(file: string, source: string): Mutant[] {
  return source.split('\n').flatMap((text, line) => {
    if (LEFT_ALONE.test(text)) return [];
    return MUTATIONS.flatMap(([pattern, replacement]) =>
      [...text.matchAll(pattern)].map((match) => ({
        file,
        line,
        before: text,
        after: text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length),
      })),
    );
  });
}

/** A part of the code that judges: its files, and the tests that watch over it beside each file's own. */
export interface Area {
  readonly name: string;
  /** globs */
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

export const AREAS: readonly Area[] = [
  {
    name: 'exam',
    sources: [
      'shared/continuity/*.ts',
      'shared/continuity/{checks,evidence,findings,labels,statistics}/*.ts',
    ],
    tests: ['test/shared/continuity'],
  },
  {
    name: 'referee',
    sources: [
      'shared/continuity/referee/*.ts',
      'trainer/referee/{contenders,ledger-file,referee,replay,settle,worth}.ts',
    ],
    tests: ['test/shared/continuity/referee', 'test/trainer/referee'],
  },
  {
    name: 'data',
    sources: ['trainer/pipeline/data/{aging,holdout,join,snapshot,split,windows}.ts'],
    tests: ['test/trainer/pipeline/data', 'test/trainer/pipeline/late-labels.test.ts'],
  },
  {
    name: 'evidence',
    sources: [
      'trainer/pipeline/judge/{candidate-facts,neighbours,self-tests,judge}.ts',
      'trainer/pipeline/features/window-forms.ts',
    ],
    tests: ['test/trainer/pipeline/judge', 'test/trainer/pipeline/features/window-forms.test.ts'],
  },
];

/** Renderings, and types without code. */
export const NO_JUDGES = /report|html|format|evidence\.ts|interval\.ts|summary\.ts|\.d\.ts/;

/** A file's own test, which notices soonest: `shared/x.ts` has `test/shared/x.test.ts`. */
export function ownTest(file: string): string {
  return `test/${file.replace(/\.ts$/, '.test.ts')}`;
}
