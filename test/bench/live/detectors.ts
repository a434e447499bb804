/**
 * What others look at: the champion's errors alone, by ADWIN, Page-Hinkley and DDM, each with the threshold at which it
 * raises as many false alarms in a life as the rollback test may.
 */
import { createAdwin } from './peers/adwin.ts';
import { createDdm } from './peers/ddm.ts';
import type { Detector } from './peers/detector.ts';
import { createPageHinkley } from './peers/page-hinkley.ts';
import type { Draw } from '../gate/population.ts';
import { LEVEL } from './lives.ts';

/** Of the champion before it gets worse. */
const ERROR_RATE = 0.15;

interface Family {
  readonly name: string;
  /** from the most to the least sensitive, on a scale that is searched by halves */
  readonly create: (strictness: number) => Detector;
  readonly range: readonly [from: number, to: number];
}

export const FAMILIES: readonly Family[] = [
  { name: 'ADWIN', range: [0, 14], create: (s) => createAdwin({ delta: 10 ** -s }) },
  { name: 'Page-Hinkley', range: [1, 200], create: (s) => createPageHinkley({ threshold: s }) },
  { name: 'DDM', range: [2, 12], create: (s) => createDdm({ rise: s, least: 100 }) },
];

/** After how many labels the first alarm comes; infinite where there is none. @param worseAt  error rises by `by` there */
export function firstAlarm(
  detector: Detector,
  labels: number,
  worseAt: number,
  by: number,
  draw: Draw,
): number {
  for (let label = 0; label < labels; label++) {
    const rate = ERROR_RATE + (label >= worseAt ? by : 0);
    if (detector.update(draw() < rate ? 1 : 0)) return label + 1;
  }
  return Infinity;
}

/** The strictness at which about as many lives raise a false alarm as the level allows. */
export function calibrate(
  { create, range }: Family,
  lives: number,
  labels: number,
  drawOf: (life: number) => Draw,
): number {
  let [from, to] = range;
  for (let round = 0; round < 8; round++) {
    const middle = (from + to) / 2;
    let alarms = 0;
    // The same lives each time, so that fewer alarms mean more strictness and not other luck.
    for (let life = 0; life < lives; life++)
      if (firstAlarm(create(middle), labels, Infinity, 0, drawOf(life)) < Infinity) alarms += 1;
    if (alarms > LEVEL * lives) from = middle;
    else to = middle;
  }
  return to;
}
