/**
 * Champion and candidate (or a baseline and the candidate) compared on the same examples, by the owner's metric: an
 * estimate of the difference, and bounds on it at any level.
 */
import { type ClassMetric, priorsOf, utilities } from '../policy/metric.ts';
import { scaleCounts } from '../policy/metrics.ts';
import { samplePairs } from './paired-sample.ts';
import type { PairedSample } from './paired-sample.ts';
import { boundedMean } from '../statistics/bounded-mean.ts';
import type { Interval, PairedCounts } from '../statistics/interval.ts';
import { moverMean } from '../statistics/mover.ts';
import { tangoInterval } from '../statistics/tango.ts';
import { joinDoubles } from '../../bytes.ts';
import { sumByGroup } from './unit-sample.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

export interface WindowComparison {
  readonly metric: ClassMetric;
  readonly n: number;
  /** as a `PairedSample` has it */
  readonly groups: number | null;
  /** right and wrong answers, whatever the metric */
  readonly counts: PairedCounts;
  /** share of the examples that counts, see effectiveShare */
  readonly share: number;
  /** candidate's mean less the rival's, in points of accuracy or balanced accuracy, else as a share of the worst */
  readonly estimate: number;
  /** bounds for a sample `growth` times as large; null where none can be drawn: all of one group */
  readonly boundsAt: (alpha: number, growth?: number) => Interval | null;
}

/**
 * @param windows  at least one example in all
 * @param alpha    the level for which groups are counted
 * @throws RangeError for log loss without probabilities in every window (a bug in the caller)
 */
export function compareWindows(
  windows: readonly ComparedWindow[],
  metric: ClassMetric,
  alpha: number,
): WindowComparison {
  const sample = samplePairs(windows, { alpha });
  const { counts, share, groups } = sample;
  const common = { metric, n: counts.n, groups, counts, share };
  if (metric === 'accuracy') {
    return {
      ...common,
      estimate: (counts.gains - counts.losses) / counts.n,
      boundsAt: (level, growth = 1) => tangoOf(sample, level, growth),
    };
  }
  return {
    ...common,
    ...(metric === 'balanced-accuracy' ? byClass(windows, alpha) : byWorth(windows, metric)),
  };
}

function tangoOf({ counts, share }: PairedSample, alpha: number, growth: number): Interval | null {
  return share > 0 ? tangoInterval(scaleCounts(counts, growth * share), alpha) : null;
}

type Bounds = Pick<WindowComparison, 'estimate' | 'boundsAt'>;

/** Every class that is there counts alike: Tango's bounds of its recall, combined by MOVER. */
function byClass(windows: readonly ComparedWindow[], alpha: number): Bounds {
  const present = [...new Set(windows.flatMap(({ labels }) => [...new Set(labels)]))];
  const samples = present.map((classId) =>
    samplePairs(
      windows,
      { alpha },
      ({ labels }) =>
        (i) =>
          labels[i] === classId,
    ),
  );
  const recalls = samples.map(({ counts: { gains, losses, n } }) => (gains - losses) / n);
  return {
    estimate: recalls.reduce((sum, value) => sum + value, 0) / recalls.length,
    boundsAt: (level, growth = 1) => {
      const parts = samples.map((sample) => tangoOf(sample, level, growth));
      return parts.every((part) => part !== null) ? moverMean(parts) : null;
    },
  };
}

/** Costs and log losses: a bounded mean of the difference of utilities, over examples or groups. */
function byWorth(windows: readonly ComparedWindow[], metric: ClassMetric): Bounds {
  const none = priorsOf([], 0);
  const differences = joinDoubles(
    windows.map(({ labels, candidate, champion, candidateProbabilities, championProbabilities }) => {
      const before = utilities(metric, labels, champion, championProbabilities, none);
      return utilities(metric, labels, candidate, candidateProbabilities, none).map(
        (value, i) => value - (before[i] as number),
      );
    }),
  );
  const sums = sumByGroup(windows, { alpha: 0 }, differences);
  const one = sums.groups !== null && sums.sizes.length < 2;
  return {
    estimate: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    boundsAt: (level, growth = 1) =>
      one ? null : boundedMean(sums, { least: -1, most: 1 }, level, growth * sums.share),
  };
}
