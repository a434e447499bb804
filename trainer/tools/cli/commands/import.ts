/**
 * `holdfast import`: brings a labelled history into a model's events.
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { loadSpec } from '../../../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { importExamples, type ImportSummary } from '../../../data-import/import-examples.ts';
import { type Format, FORMATS, openSource } from '../../../data-import/readers/open-source.ts';
import { createContext } from '../context.ts';
import { Failure, unwrap } from '../failure.ts';
import { createProgressLine, formatCount, style } from '../output.ts';
import { describeTarget } from '../spec-text.ts';
import { commaList, example, oneOf, wholeNumber } from './options.ts';

interface ImportOptions {
  readonly label: string;
  readonly time?: string;
  readonly group?: string;
  readonly id?: string;
  readonly ignore?: readonly string[];
  readonly format?: Format;
  readonly labelsFile?: string;
  readonly limit?: number;
  readonly skip: number;
  readonly dryRun?: boolean;
}

const AFTER = `
CSV needs a header. NDJSON has one object a line: {"instance": …, "label": …, "timestamp"?, "group"?}, or the features
beside the label. IDX images have their labels beside them (train-images-idx3-ubyte, train-labels-idx1-ubyte). A folder
has pictures by label: <folder>/<label>/*.png|jpg. CSV, NDJSON and IDX may be gzipped.

Rows without a time get consecutive ones: a second apart, ending now, and after every earlier import (closer together
where less time has passed). So the order of a file, and of several files, is kept. The same file imported again
changes nothing.`;

export function addImportCommand(program: Command): void {
  program
    .command('import <model> <file|folder>')
    .description('bring in labelled examples: CSV, NDJSON, IDX or folders of pictures')
    .option('--label <column>', 'column (or key) of the label', 'label')
    .option('--time <column>', 'column of the time: ISO 8601, or seconds or milliseconds since 1970')
    .option('--group <column>', 'column that keeps examples together (user, device)')
    .option('--id <column>', 'column that names each example: of two with one name the last counts')
    .option('--ignore <columns>', 'columns that are no features (folders that are no labels)', commaList)
    .option('--format <format>', `${FORMATS.join(', ')}, where the name does not say`, oneOf(FORMATS))
    .option('--labels-file <file>', 'IDX labels that do not lie beside the images')
    .option('--limit <n>', 'stop after so many rows', wholeNumber(1))
    .option('--skip <n>', 'leave out the first rows', wholeNumber(0), 0)
    .option('--dry-run', 'read and check everything, write nothing')
    .addHelpText('after', `${AFTER}\n${example('import prices elec2.csv.gz --label class --ignore date')}`)
    .action(async (model: string, path: string, options: ImportOptions, command: Command) => {
      const context = createContext(command);
      const store = context.openStore();
      const { spec } = unwrap(await loadSpec(store, model));
      const now = context.now();
      const { label, time = null, group = null, id = null, ignore = [], skip, limit = null } = options;
      const columns = { label, time, group, id, ignore };
      const format = options.format ?? null;
      const labelsFile = options.labelsFile ?? null;
      const source = unwrap(await openSource(path, { spec, columns, now, format, labelsFile }));

      const line = createProgressLine();
      const started = performance.now();
      const imported = await importExamples({
        store,
        model,
        task: spec.task,
        salt: spec.salt,
        source,
        // An import from before there were ids is the same import.
        options: id === null ? { label, time, group, ignore } : columns,
        skip,
        limit: limit ?? Number.POSITIVE_INFINITY,
        dryRun: options.dryRun === true,
        now,
        onProgress: ({ rows, fraction }) => {
          const rate = Math.round(rows / Math.max(0.001, (performance.now() - started) / 1_000));
          line.update(
            `${source.name}: ${formatCount(rows)} rows, ${Math.floor(fraction * 100)} %, ${formatCount(rate)} rows/s`,
          );
        },
      });
      line.close();
      const summary = unwrap(imported);
      const seconds = (performance.now() - started) / 1_000;
      context.print(toJson(summary, spec), () =>
        describe(summary, spec, basename(path), seconds, options.dryRun === true),
      );
      if (summary.imported === 0 && !summary.repeated)
        throw new Failure(`no row of ${basename(path)} could be imported`, 1, { kind: 'nothing-imported' });
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
  const { imported, rejected, problems, times } = summary;
  if (summary.repeated)
    return `${name} was imported before (${formatCount(imported)} examples): nothing to do`;
  const verb = dryRun ? 'would import' : 'imported';
  const lines = [`${verb} ${formatCount(imported)} examples from ${name} in ${seconds.toFixed(1)} s`];
  if (times !== null) {
    const [from, to] = [times.fromMs, times.toMs].map((ms) => new Date(ms).toISOString().slice(0, 19));
    lines.push(`times    ${from} to ${to}`);
  }
  lines.push(...describeLabels(summary, spec));
  if (rejected > 0) {
    lines.push(style('yellow', `rejected ${formatCount(rejected)} rows:`));
    lines.push(...problems.map((problem) => `  ${problem}`));
    if (rejected > problems.length) lines.push(`  … and ${formatCount(rejected - problems.length)} more`);
  }
  return lines.join('\n');
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
  return counts.length === 0
    ? []
    : [`labels   ${counts.slice(0, 20).join(', ')}${counts.length > 20 ? ', …' : ''}`];
}
