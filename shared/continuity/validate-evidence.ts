/**
 * Finds what makes evidence unfit to judge by. A gate that is given such evidence never promotes.
 */
import type { Evidence, WindowEvidence } from './evidence.ts';

/**
 * Every problem, each with its place (`windows[2].candidate[17]: expected a class id in 0..9, got 12`);
 * empty when the evidence is sound. Of many bad values in one array the first is named and the rest counted.
 */
export function validateEvidence(evidence: Evidence): string[] {
  return [
    ...classProblems(evidence),
    ...factProblems(evidence),
    ...windowListProblems(evidence.windows),
    ...evidence.windows.flatMap((window, i) => windowProblems(window, `windows[${i}]`, evidence)),
  ];
}

function classProblems({ classes, majority }: Evidence): string[] {
  const problems: string[] = [];
  if (classes.length < 2) problems.push(`classes: expected at least 2, got ${classes.length}`);
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) problems.push(`classes: expected distinct names, got '${twice}' twice`);
  if (!isClassId(majority, classes.length)) {
    problems.push(`majority: expected a class id in 0..${classes.length - 1}, got ${majority}`);
  }
  return problems;
}

function factProblems({ candidate, champion }: Evidence): string[] {
  const problems: string[] = [];
  if (candidate.digest === '') problems.push('candidate.digest: expected a digest, got an empty string');
  if (!(candidate.exportDifference >= 0)) {
    problems.push(`candidate.exportDifference: expected a number >= 0, got ${candidate.exportDifference}`);
  }
  if (!Number.isSafeInteger(candidate.trainedOn) || candidate.trainedOn < 1) {
    problems.push(`candidate.trainedOn: expected a positive integer, got ${candidate.trainedOn}`);
  }
  if (champion === null) return problems;
  if (champion.digest === '') problems.push('champion.digest: expected a digest, got an empty string');
  if (!Number.isSafeInteger(champion.version) || champion.version < 1) {
    problems.push(`champion.version: expected a positive integer, got ${champion.version}`);
  }
  return problems;
}

function windowListProblems(windows: readonly WindowEvidence[]): string[] {
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

function windowProblems(window: WindowEvidence, place: string, { classes, champion }: Evidence): string[] {
  const problems: string[] = [];
  const n = window.labels.length;
  if (!(window.fromMs <= window.toMs)) {
    problems.push(`${place}: expected fromMs <= toMs, got ${window.fromMs} and ${window.toMs}`);
  }
  if (n === 0) problems.push(`${place}: expected at least one example, got none`);
  if (window.exampleIds.length !== n) {
    problems.push(`${place}.exampleIds: expected ${n} ids, one per label, got ${window.exampleIds.length}`);
  }
  problems.push(
    ...classIdProblems(window.labels, `${place}.labels`, n, classes.length),
    ...classIdProblems(window.candidate, `${place}.candidate`, n, classes.length),
  );
  if ((window.champion === null) !== (champion === null)) {
    const expected = champion === null ? 'null, as there is no champion' : "the champion's predictions";
    problems.push(
      `${place}.champion: expected ${expected}, got ${window.champion === null ? 'null' : 'some'}`,
    );
  }
  if (window.champion !== null) {
    problems.push(...classIdProblems(window.champion, `${place}.champion`, n, classes.length));
  }
  return problems;
}

function classIdProblems(ids: Int32Array, place: string, n: number, classes: number): string[] {
  if (ids.length !== n) return [`${place}: expected ${n} class ids, one per label, got ${ids.length}`];
  const first = ids.findIndex((id) => !isClassId(id, classes));
  if (first < 0) return [];
  const others = ids.reduce((count, id) => count + (isClassId(id, classes) ? 0 : 1), -1);
  const rest = others > 0 ? ` (and ${others} more)` : '';
  return [`${place}[${first}]: expected a class id in 0..${classes - 1}, got ${ids[first]}${rest}`];
}

function isClassId(id: number, classes: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < classes;
}
