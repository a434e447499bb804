/**
 * Finds what makes evidence unfit to judge by. A gate that is given such evidence never promotes.
 */
import type { CommonEvidence, Evidence, WindowEvidence } from './evidence.ts';
import { featureProblems, groupProblems, partProblems, windowListProblems } from './validate-parts.ts';

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
    ...probabilityProblems(evidence),
    ...reportedProblems(evidence),
    ...partProblems(evidence),
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

/** Digests, counts and the like. */
export function factProblems({ candidate, champion }: CommonEvidence): string[] {
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

function windowProblems(window: WindowEvidence, place: string, evidence: Evidence): string[] {
  const { classes, champion } = evidence;
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
  if (window.previousLabels !== undefined) {
    const known = window.previousLabels.map((id) => (id === -1 ? 0 : id));
    problems.push(...classIdProblems(known, `${place}.previousLabels`, n, classes.length));
  }
  return [
    ...problems,
    ...groupProblems(window, place, n),
    ...featureProblems(window, place, n, evidence.features ?? []),
  ];
}

/** Sums of float32 probabilities over thousands of classes are this close to 1. */
const SUM_TOLERANCE = 1e-3;

function probabilityProblems({ windows, classes, champion }: Evidence): string[] {
  const given = windows.filter(({ candidateProbabilities }) => candidateProbabilities !== undefined).length;
  const problems: string[] = [];
  const inCurrentAlone = given === 1 && windows.at(-1)?.candidateProbabilities !== undefined;
  if (given > 0 && given < windows.length && !inCurrentAlone) {
    problems.push(
      `windows: expected candidateProbabilities in all of them, in the current one alone or in none, got them in ${given} of ${windows.length}`,
    );
  }
  for (const [i, window] of windows.entries()) {
    const { candidateProbabilities, championProbabilities, labels } = window;
    const expected = candidateProbabilities !== undefined && champion !== null;
    if (expected !== (championProbabilities !== undefined)) {
      problems.push(
        `windows[${i}].championProbabilities: expected ${expected ? "them beside the candidate's" : 'none'}, got ${expected ? 'none' : 'some'}`,
      );
    }
    problems.push(
      ...rowProblems(
        candidateProbabilities,
        `windows[${i}].candidateProbabilities`,
        labels.length,
        classes.length,
      ),
      ...rowProblems(
        championProbabilities,
        `windows[${i}].championProbabilities`,
        labels.length,
        classes.length,
      ),
    );
  }
  return problems;
}

/** Every row has its classes, in [0, 1], summing to 1; of many bad rows the first is named. */
function rowProblems(values: Float32Array | undefined, place: string, n: number, classes: number): string[] {
  if (values === undefined) return [];
  if (values.length !== n * classes) {
    return [`${place}: expected ${n * classes} numbers, ${classes} per label, got ${values.length}`];
  }
  for (let row = 0; row < n; row++) {
    let sum = 0;
    for (let at = row * classes; at < (row + 1) * classes; at++) {
      const value = values[at] as number;
      if (!(value >= 0 && value <= 1 + SUM_TOLERANCE)) {
        return [`${place}[${row}][${at - row * classes}]: expected a probability, got ${value}`];
      }
      sum += value;
    }
    if (!(Math.abs(sum - 1) <= SUM_TOLERANCE))
      return [`${place}[${row}]: expected probabilities that sum to 1, got ${sum}`];
  }
  return [];
}

function reportedProblems({ reportedFlips, classes }: Evidence): string[] {
  if (reportedFlips === undefined) return [];
  const { exampleIds, labels, candidate, champion, windows = exampleIds } = reportedFlips;
  const n = labels.length;
  const problems = [
    ...classIdProblems(labels, 'reportedFlips.labels', n, classes.length),
    ...classIdProblems(candidate, 'reportedFlips.candidate', n, classes.length),
  ];
  if (exampleIds.length !== n) {
    problems.push(`reportedFlips.exampleIds: expected ${n} ids, one per label, got ${exampleIds.length}`);
  }
  if (windows.length !== exampleIds.length) {
    problems.push(`reportedFlips.windows: expected ${exampleIds.length}, one per id, got ${windows.length}`);
  }
  if (champion !== undefined) {
    problems.push(...classIdProblems(champion, 'reportedFlips.champion', n, classes.length));
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
