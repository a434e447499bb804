/**
 * Finds what makes the evidence on a regression model unfit to judge by.
 */
import type { RegressionEvidence, RegressionWindow } from './evidence.ts';
import { factProblems } from './validate-evidence.ts';
import { featureProblems, groupProblems, partProblems, windowListProblems } from './validate-parts.ts';

/** Every problem, each with its place; empty when the evidence is sound. */
export function validateRegression(evidence: RegressionEvidence): string[] {
  const { windows, mean } = evidence;
  return [
    ...(Number.isFinite(mean) ? [] : [`mean: expected a finite number, got ${mean}`]),
    ...factProblems(evidence),
    ...windowListProblems(windows),
    ...windows.flatMap((window, i) => windowProblems(window, `windows[${i}]`, evidence)),
    ...partProblems(evidence),
  ];
}

function windowProblems(
  window: RegressionWindow,
  place: string,
  { champion, features = [] }: RegressionEvidence,
): string[] {
  const n = window.targets.length;
  const problems: string[] = [];
  if (!(window.fromMs <= window.toMs)) {
    problems.push(`${place}: expected fromMs <= toMs, got ${window.fromMs} and ${window.toMs}`);
  }
  if (n === 0) problems.push(`${place}: expected at least one example, got none`);
  if (window.exampleIds.length !== n) {
    problems.push(`${place}.exampleIds: expected ${n} ids, one per target, got ${window.exampleIds.length}`);
  }
  if ((window.champion === null) !== (champion === null)) {
    const expected = champion === null ? 'null, as there is no champion' : "the champion's predictions";
    problems.push(
      `${place}.champion: expected ${expected}, got ${window.champion === null ? 'null' : 'some'}`,
    );
  }
  const previous = window.previousTargets?.map((value) => (Number.isNaN(value) ? 0 : value));
  return [
    ...problems,
    ...numberProblems(window.targets, `${place}.targets`, n),
    ...numberProblems(window.candidate, `${place}.candidate`, n),
    ...(window.champion === null ? [] : numberProblems(window.champion, `${place}.champion`, n)),
    ...(previous === undefined ? [] : numberProblems(previous, `${place}.previousTargets`, n)),
    ...groupProblems(window, place, n),
    ...featureProblems(window, place, n, features),
  ];
}

function numberProblems(values: Float64Array, place: string, n: number): string[] {
  if (values.length !== n) return [`${place}: expected ${n} numbers, one per target, got ${values.length}`];
  const bad = values.findIndex((value) => !Number.isFinite(value));
  return bad < 0 ? [] : [`${place}[${bad}]: expected a finite number, got ${values[bad]}`];
}
