/**
 * What can be wrong with the parts that classification and regression evidence share.
 */
import { SAME_RECIPE } from './evidence.ts';
import type { CommonEvidence, EdgeFacts, SlicedFeature, SplitScores } from './evidence.ts';

interface WindowHead {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly fromMs: number;
}

/** One current window, the last; distinct ids; time order. */
export function windowListProblems(windows: readonly WindowHead[]): string[] {
  const problems: string[] = [];
  const current = windows.filter(({ kind }) => kind === 'current').length;
  if (current !== 1) problems.push(`windows: expected exactly one current window, got ${current}`);
  else if (windows.at(-1)?.kind !== 'current') problems.push('windows: expected the current window last');
  const seen = new Set<string>();
  for (const [i, { id, fromMs }] of windows.entries()) {
    if (seen.has(id)) problems.push(`windows[${i}].id: expected a distinct id, got '${id}' again`);
    seen.add(id);
    const before = windows[i - 1];
    if (before !== undefined && fromMs < before.fromMs) {
      problems.push(`windows[${i}].fromMs: expected time order, got ${fromMs} after ${before.fromMs}`);
    }
  }
  return problems;
}

interface WindowParts {
  readonly groups?: Int32Array;
  readonly contents?: Int32Array;
  readonly features?: readonly Int32Array[];
}

/** Group ids, one per label and at least -1; ids of inputs, one per label and at least 0. */
export function groupProblems({ groups, contents }: WindowParts, place: string, n: number): string[] {
  const problems: string[] = [];
  if (groups !== undefined) {
    if (groups.length !== n)
      problems.push(`${place}.groups: expected ${n} group ids, one per label, got ${groups.length}`);
    const bad = groups.findIndex((id) => id < -1);
    if (bad >= 0) problems.push(`${place}.groups[${bad}]: expected a group id or -1, got ${groups[bad]}`);
  }
  if (contents !== undefined) {
    if (contents.length !== n)
      problems.push(`${place}.contents: expected ${n} ids of inputs, one per label, got ${contents.length}`);
    const bad = contents.findIndex((id) => id < 0);
    if (bad >= 0)
      problems.push(`${place}.contents[${bad}]: expected an id of 0 or more, got ${contents[bad]}`);
  }
  return problems;
}

/** One array of value ids for each declared feature. */
export function featureProblems(
  { features }: WindowParts,
  place: string,
  n: number,
  declared: readonly SlicedFeature[],
): string[] {
  const given = features ?? [];
  if (given.length !== declared.length) {
    return [`${place}.features: expected ${declared.length}, one per declared feature, got ${given.length}`];
  }
  return given.flatMap((ids, f) => {
    const count = declared[f]?.values.length ?? 0;
    if (ids.length !== n)
      return [`${place}.features[${f}]: expected ${n} value ids, one per label, got ${ids.length}`];
    const bad = ids.findIndex((id) => id < -1 || id >= count);
    return bad < 0
      ? []
      : [`${place}.features[${f}][${bad}]: expected a value id in -1..${count - 1}, got ${ids[bad]}`];
  });
}

/** The level, edge facts and split scores. */
export function partProblems({ edge, splits, champion, level }: CommonEvidence): string[] {
  return [
    ...(level === undefined || (level >= 0 && level < 0.5)
      ? []
      : [`level: expected a number of 0 or more and below 0.5, got ${level}`]),
    ...(edge === undefined ? [] : edgeProblems(edge, champion !== null)),
    ...(splits === undefined || splits === SAME_RECIPE ? [] : splitProblems(splits)),
  ];
}

function edgeProblems(edge: EdgeFacts, compared: boolean): string[] {
  const problems: string[] = [];
  const sizes = {
    candidateBytes: edge.candidateBytes,
    memoryBytes: edge.memoryBytes,
    championBytes: edge.championBytes ?? 1,
  };
  for (const [name, value] of Object.entries(sizes)) {
    if (!(Number.isFinite(value) && value > 0))
      problems.push(`edge.${name}: expected a number above 0, got ${value}`);
  }
  if ((edge.championMs !== null) !== compared || (edge.championBytes !== null) !== compared) {
    problems.push(
      `edge: expected ${compared ? "the champion's timings and size" : 'none of a champion, as there is none'}`,
    );
  }
  if (edge.championMs !== null && edge.championMs.length !== edge.candidateMs.length) {
    problems.push(
      `edge.championMs: expected ${edge.candidateMs.length} timings, as many as the candidate's, got ${edge.championMs.length}`,
    );
  }
  for (const [name, values] of Object.entries({
    candidateMs: edge.candidateMs,
    championMs: edge.championMs ?? [],
  })) {
    const bad = [...values].findIndex((ms) => !(Number.isFinite(ms) && ms > 0));
    if (bad >= 0) problems.push(`edge.${name}[${bad}]: expected milliseconds above 0, got ${values[bad]}`);
  }
  return problems;
}

function splitProblems(splits: SplitScores): string[] {
  const problems: string[] = [];
  for (const name of ['trained', 'tested'] as const) {
    if (!(Number.isSafeInteger(splits[name]) && splits[name] > 0)) {
      problems.push(`splits.${name}: expected a positive integer, got ${splits[name]}`);
    }
  }
  const count = splits.candidate.test.length;
  for (const model of ['candidate', 'champion'] as const) {
    for (const part of ['train', 'test'] as const) {
      const scores = splits[model][part];
      if (scores.length !== count)
        problems.push(`splits.${model}.${part}: expected ${count} scores, got ${scores.length}`);
      const bad = scores.findIndex((score) => !(Number.isFinite(score) && score >= 0));
      if (bad >= 0)
        problems.push(`splits.${model}.${part}[${bad}]: expected a score of 0 or more, got ${scores[bad]}`);
    }
  }
  return problems;
}
