/**
 * `holdfast import`: brings a labelled history into a model's events.
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { loadSpec } from '../../../../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../../../../shared/model/spec/spec.ts';
import { importExamples, type ImportSummary } from '../../../../data-import/import-examples.ts';
import { fetchFile } from '../../../../data-import/readers/fetch-file.ts';
import type { ColumnNames } from '../../../../data-import/readers/example-source.ts';
import { openSource } from '../../../../data-import/readers/open-source.ts';
import { createContext } from '../../context.ts';
import { Failure, unwrap } from '../../failure.ts';
import { createProgressLine, describeRows, formatCount, style } from '../../output.ts';
import { describeTarget } from '../../spec-text.ts';
import { addFileOptions, type FromOptions } from '../models/create-from.ts';
import { columnsOf, formOf } from './file-form.ts';
import { commaList, example, wholeNumber } from '../../options.ts';

interface ImportOptions extends FromOptions {
  readonly labelsFile?: string;
  readonly limit?: number;
  readonly skip: number;
  readonly again?: boolean;
  readonly dryRun?: boolean;
}

const AFTER = `
A file, -, https:// or s3://. CSV needs a header. NDJSON has one object a line, JSON a list of them: {"instance": …,
"label": …, "timestamp"?, "group"?, "id"?}, or the features beside the label. IDX images have their labels beside them
(train-images-idx3-ubyte, train-labels-idx1-ubyte), as have arrays of NumPy (x.npy and y.npy, or both in one .npz). A folder has pictures by label: <folder>/<label>/*.png|jpg. All but
Parquet and pictures may be gzipped. What a column is, the model's spec says where it was created from a table.

Rows without a time get consecutive ones: a second apart, ending now, and after every earlier import (closer together
where less time has passed). So the order of a file, and of several files, is kept. The same file imported again
changes nothing, and of one that grew only what is new counts.`;

/** `holdfast import <model> <file|folder>`: writes events; the same file twice brings nothing new. */
export function addImportCommand(program: Command): void {
  const command = program
    .command('import <model> <file|folder>')
    .description('bring in labelled examples: CSV, NDJSON, JSON, Parquet, IDX, NumPy or folders of pictures')
    .option('--label <column>', "column (or key) of the label (default: the spec's, else label)")
    .option('--time <column>', 'column of the time: ISO 8601, or seconds to nanoseconds since 1970')
    .option('--group <column>', 'column that keeps examples together (user, device)')
    .option('--id <column>', 'column that names each example: of two with one name the last counts')
    .option('--ignore <columns>', 'columns that are no features (folders that are no labels)', commaList);
  addFileOptions(command)
    .option('--labels-file <file>', 'labels of IDX or .npy that do not lie beside the examples')
    .option('--limit <n>', 'stop after so many rows', wholeNumber(1))
    .option('--skip <n>', 'leave out the first rows', wholeNumber(0), 0)
    .option(
      '--again',
      'count rows again that an earlier import brought with the same content, time and label',
    )
    .option('--dry-run', 'read and check everything, write nothing')
    .addHelpText('after', `${AFTER}\n${example('import prices elec2.csv.gz --label class --ignore date')}`)
    .action(bringIn);
}

async function bringIn(model: string, path: string, options: ImportOptions, command: Command): Promise<void> {
  const context = createContext(command);
  const store = context.openStore();
  const { spec } = unwrap(await loadSpec(store, model));
  const now = context.now();
  const { skip, limit = null } = options;
  const columns = columnsOf(spec, options);
  const labelsFile = options.labelsFile ?? null;
  const brought = unwrap(await fetchFile(path, { openBucket: (location) => context.openBucket(location) }));
  const form = formOf(spec, options);
  const format = options.format ?? null;
  const sourceOptions = { spec, columns, now, labelsFile, format, ...form };
  const source = unwrap(await openSource(brought.path, sourceOptions));

  const line = createProgressLine();
  const started = performance.now();
  const imported = await importExamples({
    store,
    model,
    task: spec.task,
    salt: spec.salt,
    source,
    options: optionsOf(columns, form),
    skip,
    limit: limit ?? Number.POSITIVE_INFINITY,
    again: options.again === true,
    dryRun: options.dryRun === true,
    now,
    onProgress: ({ rows, fraction }) => {
      line.update(
        () => `${source.name}: ${describeRows(rows, fraction, (performance.now() - started) / 1_000)}`,
      );
    },
  });
  line.close();
  await brought.end();
  const summary = unwrap(imported);
  const seconds = (performance.now() - started) / 1_000;
  const notes = describeGaps(summary, columns, form.assumedUtc());
  context.print({ ...toJson(summary, spec), notes }, () =>
    [describe(summary, spec, basename(path), seconds, options.dryRun === true), ...notes].join('\n'),
  );
  checkShare(summary, basename(path));
}

/** What changes what a row means. An import from before an option existed is the same import. */
function optionsOf(columns: ColumnNames, form: ReturnType<typeof formOf>): Readonly<Record<string, unknown>> {
  const { label, time, group, id = null, ignore } = columns;
  const more = { id, decimal: form.decimal, order: form.moments.order ?? null, zone: form.zone };
  const said = Object.entries(more).filter(([, value]) => value !== null);
  return { label, time, group, ignore, ...Object.fromEntries(said) };
}

/** An import of which most is refused has failed, whatever was imported: a script must not go on from it. */
function checkShare({ imported, rejected, repeated, present }: ImportSummary, name: string): void {
  if (repeated || imported + present > rejected) return;
  if (imported + present === 0)
    throw new Failure(`no row of ${name} could be imported`, 1, { kind: 'nothing-imported' });
  const share = `${formatCount(rejected)} of ${formatCount(imported + present + rejected)} rows`;
  throw new Failure(`${share} of ${name} were rejected; the others are imported`, 1, {
    kind: 'mostly-rejected',
  });
}

function toJson({ perLabel, targets, ...summary }: ImportSummary, spec: Spec): object {
  if (spec.task === 'regression') return { ...summary, targets };
  const counts = [...perLabel].map(([label, n]) => [spec.labels[label], n]);
  return { ...summary, perLabel: Object.fromEntries(counts) };
}

function describe(
  summary: ImportSummary,
  spec: Spec,
  name: string,
  seconds: number,
  dryRun: boolean,
): string {
  const { imported, rejected, present, problems, times } = summary;
  if (summary.repeated)
    return `${name} was imported before (${formatCount(imported)} examples): nothing to do`;
  const verb = dryRun ? 'would import' : 'imported';
  const lines = [`${verb} ${formatCount(imported)} examples from ${name} in ${seconds.toFixed(1)} s`];
  if (times !== null) {
    const [from, to] = [times.fromMs, times.toMs].map((ms) => new Date(ms).toISOString().slice(0, 19));
    lines.push(`times    ${from} to ${to}`);
  }
  if (present > 0)
    lines.push(
      `${formatCount(present)} rows were there already, with the same content, time and label, and do not count again (--again counts them)`,
    );
  lines.push(...describeLabels(summary, spec));
  if (rejected > 0) {
    lines.push(style('yellow', `rejected ${formatCount(rejected)} rows:`));
    lines.push(...problems.map((problem) => `  ${problem}`));
    if (rejected > problems.length) lines.push(`  … and ${formatCount(rejected - problems.length)} more`);
  }
  return lines.join('\n');
}

/** What was taken for granted of rows that were imported, or would have been. */
function describeGaps(
  { imported, without, repeated }: ImportSummary,
  { group, time }: ColumnNames,
  assumedUtc: boolean,
): string[] {
  if (repeated) return [];
  const notes: string[] = [];
  if (group !== null && without.group > 0)
    notes.push(
      `${formatCount(without.group)} of ${formatCount(imported)} have no ${group}: each is a group of its own`,
    );
  if (time !== null && without.time > 0)
    notes.push(
      `${formatCount(without.time)} of ${formatCount(imported)} have no ${time}: they are placed by the order of the file`,
    );
  if (assumedUtc)
    notes.push('times that name no zone are taken as UTC; --time-zone Europe/Berlin says otherwise');
  return notes;
}

/** How often each label occurs, or where the targets lie; no line when nothing was imported. */
function describeLabels({ perLabel, targets }: ImportSummary, spec: Spec): string[] {
  if (spec.task === 'regression') {
    if (targets === null) return [];
    const [least, mean, most] = [targets.least, targets.mean, targets.most].map((value) =>
      Number(value.toPrecision(6)),
    );
    return [`target   ${describeTarget(spec.target)}: ${least} to ${most}, mean ${mean}`];
  }
  const counts = spec.labels.flatMap((label, i) => {
    const count = perLabel.get(i);
    return count === undefined ? [] : [`${label} ${formatCount(count)}`];
  });
  if (counts.length === 0) return [];
  const without = spec.labels.filter((_, i) => !perLabel.has(i));
  const none =
    without.length === 0
      ? []
      : [`none of  ${without.slice(0, 20).join(', ')}${without.length > 20 ? ', …' : ''}`];
  return [`labels   ${counts.slice(0, 20).join(', ')}${counts.length > 20 ? ', …' : ''}`, ...none];
}
