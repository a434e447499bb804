/**
 * A version's answers on a labelled file: measured as a whole, and by the values of features.
 */
import { type CategoryFeature, namesOf } from '../../shared/model/spec/feature.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { outputWidth } from '../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { ExampleRow, ExampleSource } from '../data-import/readers/example-source.ts';
import { type ClassificationMeasures, measureClasses } from './class-measures.ts';
import { measureErrors, type RegressionMeasures } from './error-measures.ts';
import type { OpenVersion } from './open-version.ts';

export type Measures =
  | ({ readonly task: 'classification' } & ClassificationMeasures)
  | ({ readonly task: 'regression' } & RegressionMeasures);

export interface EvaluatedSlice {
  readonly feature: string;
  readonly value: string;
  readonly measures: Measures;
}

export interface Evaluation {
  readonly measures: Measures;
  /** By each value of the features that were asked for, in the spec's order; values that do not occur are left out. */
  readonly slices: readonly EvaluatedSlice[];
  readonly rejected: number;
  /** The first few. */
  readonly problems: readonly string[];
}

export interface EvaluationRequest {
  readonly spec: Spec;
  readonly version: Pick<OpenVersion, 'predict'>;
  readonly source: ExampleSource;
  /** Names of category features. */
  readonly slices: readonly string[];
  readonly onProgress: (rows: number, fraction: number) => void;
}

/** Examples that are predicted at once. */
const BATCH_ROWS = 128;
const SHOWN_PROBLEMS = 5;

/**
 * Reads a file once and holds its labels and answers, not its inputs.
 *
 * @returns an error where a slice names no category, or no row could be read
 */
export async function evaluateFile(request: EvaluationRequest): Promise<Result<Evaluation, string>> {
  const { spec, source } = request;
  const sliced = slicedBy(spec, request.slices);
  if (!sliced.ok) return sliced;
  const collected = createCollected(spec, sliced.value);
  const problems: string[] = [];
  let rejected = 0;
  let batch: ExampleRow[] = [];
  const flush = (): void => {
    if (batch.length > 0) collected.add(batch, request.version.predict(batch.map(({ raw }) => raw)));
    batch = [];
  };
  for await (const read of source.rows()) {
    if (read.ok) batch.push(read.value);
    else {
      rejected += 1;
      if (problems.length < SHOWN_PROBLEMS) problems.push(read.error.problem);
    }
    if (batch.length === BATCH_ROWS) flush();
    request.onProgress(collected.count() + rejected, source.fraction());
  }
  flush();
  if (collected.count() === 0)
    return err(`no row of ${source.name} could be read: ${problems[0] ?? 'there is none'}`);
  return ok({ measures: collected.measure(null), slices: collected.slices(), rejected, problems });
}

interface SlicedFeature {
  readonly feature: CategoryFeature;
  readonly column: number;
}

function slicedBy({ input }: Spec, names: readonly string[]): Result<SlicedFeature[], string> {
  const features = input.kind === 'tabular' ? input.features : [];
  const sliced: SlicedFeature[] = [];
  for (const name of names) {
    const column = features.findIndex((feature) => feature.name === name);
    const feature = features[column];
    if (feature?.type !== 'category') {
      const known = features.flatMap((each) => (each.type === 'category' ? [each.name] : []));
      const there = known.length === 0 ? 'there are none' : `they are ${known.join(', ')}`;
      return err(`--slice: expected features that are categories (${there}), got ${JSON.stringify(name)}`);
    }
    sliced.push({ feature, column });
  }
  return ok(sliced);
}

function createCollected(spec: Spec, sliced: readonly SlicedFeature[]) {
  const width = outputWidth(spec);
  const labels: number[] = [];
  const outputs: Float32Array[] = [];
  const values = sliced.map((): number[] => []);
  const measureRows = (rows: readonly number[] | null): Measures => {
    const at = (i: number): number => rows?.[i] ?? i;
    const n = rows?.length ?? labels.length;
    const answers = new Float32Array(n * width);
    for (let i = 0; i < n; i++) {
      const row = at(i);
      const chunk = outputs[Math.floor(row / BATCH_ROWS)] as Float32Array;
      const from = (row % BATCH_ROWS) * width;
      answers.set(chunk.subarray(from, from + width), i * width);
    }
    if (spec.task === 'regression') {
      const targets = Float64Array.from({ length: n }, (_, i) => labels[at(i)] as number);
      return { task: 'regression', ...measureErrors(targets, answers) };
    }
    const truths = Int32Array.from({ length: n }, (_, i) => labels[at(i)] as number);
    return { task: 'classification', ...measureClasses(truths, answers, width) };
  };
  return {
    count: () => labels.length,
    add(rows: readonly ExampleRow[], answers: Float32Array): void {
      outputs.push(answers.slice());
      for (const { label, raw } of rows) {
        labels.push(label);
        for (const [i, { column }] of sliced.entries()) values[i]?.push(raw[column] as number);
      }
    },
    measure: measureRows,
    slices: (): EvaluatedSlice[] =>
      sliced.flatMap(({ feature }, i) =>
        namesOf(feature).flatMap((value, id) => {
          const rows = (values[i] ?? []).flatMap((each, row) => (each === id ? [row] : []));
          return rows.length === 0 ? [] : [{ feature: feature.name, value, measures: measureRows(rows) }];
        }),
      ),
  };
}
