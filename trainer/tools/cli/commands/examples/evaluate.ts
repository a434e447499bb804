/**
 * `holdfast evaluate`: a version on a labelled file, by every measure.
 */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { loadSpec } from '../../../../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../../../../shared/model/spec/spec.ts';
import { fetchFile } from '../../../../data-import/readers/fetch-file.ts';
import { openSource } from '../../../../data-import/readers/open-source.ts';
import { type Evaluation, evaluateFile } from '../../../../evaluate/evaluate-file.ts';
import { type EvaluatedFile, renderEvaluation } from '../../../../evaluate/evaluation-page.ts';
import { describeMeasures, formatMeasure, headline } from '../../../../evaluate/measure-text.ts';
import { openVersion } from '../../../../evaluate/open-version.ts';
import { type Context, createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { commaList, example, wholeNumber } from '../../options.ts';
import {
  createProgressLine,
  describeRows,
  formatCount,
  formatFacts,
  formatTable,
  style,
} from '../../output.ts';
import { columnsOf, formOf } from './file-form.ts';
import { addFileOptions, type FromOptions } from '../models/create-from.ts';

interface EvaluateOptions extends FromOptions {
  readonly labelsFile?: string;
  readonly slice?: readonly string[];
  readonly html?: string;
}

/** `holdfast evaluate <model> [version] <file>`: reads the bucket and the file, writes nothing but the page. */
export function addEvaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .argument('<model>')
    .argument('<version>', 'number of a published version; may be left out: then the champion')
    .argument('[file]', 'labelled examples, as import takes them')
    .usage('[options] <model> [version] <file|folder>')
    .description(
      'measure a version on a labelled file: every measure, confusion, by slice; nothing is imported',
    )
    .option('--label <column>', "column (or key) of the label (default: the spec's, else label)")
    .option('--ignore <columns>', 'columns that are no features (folders that are no labels)', commaList)
    .option('--labels-file <file>', 'labels of IDX or .npy that do not lie beside the examples')
    .option('--slice <features>', "categories to measure by (default: the gate's slices)", commaList)
    .option('--html <file>', 'write it as a page, too');
  addFileOptions(command)
    .addHelpText(
      'after',
      example('evaluate prices later.csv', 'evaluate prices 3 later.csv --html prices-3.html'),
    )
    .action(async (model: string, first: string, second: string | undefined, options: EvaluateOptions) => {
      const [version, path] = second === undefined ? [null, first] : [wholeNumber(1)(first), second];
      const context = createContext(command);
      const store = context.openStore();
      const { spec } = unwrap(await loadSpec(store, model));
      const opened = unwrap(await openVersion(store, spec, version));
      const evaluation = await evaluate(context, spec, opened.predict, path, options);
      opened.close();
      const evaluated: EvaluatedFile = {
        model,
        version: opened.version,
        file: basename(path),
        labels: spec.task === 'classification' ? spec.labels : [],
        unit: spec.task === 'regression' ? (spec.target.unit ?? null) : null,
        ...evaluation,
      };
      if (options.html !== undefined) await writeFile(options.html, renderEvaluation(evaluated));
      context.print(evaluated, () => describe(evaluated, options.html));
    });
}

async function evaluate(
  context: Context,
  spec: Spec,
  predict: Parameters<typeof evaluateFile>[0]['version']['predict'],
  path: string,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const brought = unwrap(await fetchFile(path, { openBucket: (location) => context.openBucket(location) }));
  const line = createProgressLine();
  const started = performance.now();
  try {
    const source = unwrap(
      await openSource(brought.path, {
        spec,
        columns: columnsOf(spec, options),
        now: context.now(),
        labelsFile: options.labelsFile ?? null,
        format: options.format ?? null,
        ...formOf(spec, options),
      }),
    );
    const evaluated = await evaluateFile({
      spec,
      version: { predict },
      source,
      slices: options.slice ?? spec.gate.slices,
      onProgress: (rows, fraction) =>
        line.update(
          () => `${source.name}: ${describeRows(rows, fraction, (performance.now() - started) / 1_000)}`,
        ),
    });
    if (!evaluated.ok && evaluated.error.startsWith('--')) throw usageError(evaluated.error);
    return unwrap(evaluated);
  } finally {
    line.close();
    await brought.end();
  }
}

const MOST_DRAWN = 12;

function describe(evaluated: EvaluatedFile, page: string | undefined): string {
  const { model, version, file, measures, slices, rejected, problems, labels, unit } = evaluated;
  const lines = [
    `version ${version} of ${model} on ${formatCount(measures.n)} examples of ${file}`,
    formatFacts(describeMeasures(measures, unit)),
  ];
  if (measures.task === 'classification') {
    lines.push('', describeClasses(measures, labels));
    if (labels.length <= MOST_DRAWN) lines.push('', describeConfusion(measures, labels));
  }
  if (slices.length > 0) lines.push('', describeSlices(slices, unit));
  if (rejected > 0)
    lines.push(
      '',
      style('yellow', `${formatCount(rejected)} rows could not be read:`),
      ...problems.map((problem) => `  ${problem}`),
    );
  return [...lines, ...(page === undefined ? [] : [`saved ${page}`])].join('\n');
}

type ClassMeasuresOf = Extract<EvaluatedFile['measures'], { task: 'classification' }>;

function describeClasses({ classes }: ClassMeasuresOf, labels: readonly string[]): string {
  return formatTable(
    [
      { title: 'label' },
      ...['examples', 'precision', 'recall', 'F1', 'AUC'].map((title) => ({
        title,
        align: 'right' as const,
      })),
    ],
    classes.map(({ n, precision, recall, f1, auc }, k) => [
      labels[k] ?? String(k),
      formatCount(n),
      ...[precision, recall, f1, auc].map(formatMeasure),
    ]),
  );
}

function describeConfusion({ confusion }: ClassMeasuresOf, labels: readonly string[]): string {
  return formatTable(
    [{ title: 'truth \\ answer' }, ...labels.map((title) => ({ title, align: 'right' as const }))],
    confusion.map((row, k) => [labels[k] ?? String(k), ...row.map(formatCount)]),
  );
}

function describeSlices(slices: EvaluatedFile['slices'], unit: string | null): string {
  return formatTable(
    [{ title: 'feature' }, { title: 'value' }, { title: 'examples', align: 'right' }, { title: '' }],
    slices.map(({ feature, value, measures }) => [
      feature,
      value,
      formatCount(measures.n),
      headline(measures, unit),
    ]),
  );
}
