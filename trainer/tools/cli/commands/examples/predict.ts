/**
 * `holdfast predict`: answers to a file of examples, in the same order.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { loadSpec } from '../../../../../shared/model/spec/load-spec.ts';
import { fetchFile } from '../../../../data-import/readers/fetch-file.ts';
import { openUnlabelled } from '../../../../data-import/readers/unlabelled.ts';
import { openVersion } from '../../../../evaluate/open-version.ts';
import { type PredictedFile, predictFile } from '../../../../evaluate/predict-file.ts';
import { createContext } from '../../context.ts';
import { Failure, unwrap } from '../../failure.ts';
import { commaList, example, wholeNumber } from '../../options.ts';
import { createProgressLine, describeRows, formatCount } from '../../output.ts';
import { columnsOf, formOf } from './file-form.ts';
import { addFileOptions, type FromOptions } from '../models/create-from.ts';

interface PredictOptions extends FromOptions {
  readonly version?: number;
  readonly out?: string;
  readonly keep?: readonly string[];
  readonly probabilities?: boolean;
}

/** `holdfast predict <model> <file>`: reads the bucket and the file; answers go to standard output or to a file. */
export function addPredictCommand(program: Command): void {
  const command = program
    .command('predict <model> <file|folder>')
    .description(
      'answer a table (CSV, NDJSON, JSON, Parquet), arrays (.npy, .npz) or pictures: CSV out, one line each, in their order; nothing is logged',
    )
    .option('--of <version>', 'number of a published version (default: the champion)', wholeNumber(1))
    .option('--out <file>', 'where to (default: standard output)')
    .option(
      '--keep <columns>',
      "columns of the table to keep beside the answer, or all (default: the spec's id, else the row's number)",
      commaList,
    )
    .option('--probabilities', "every label's probability, not only that of the answer");
  addFileOptions(command)
    .addHelpText(
      'after',
      example(
        'predict prices later.csv --keep day,period --out answers.csv',
        'predict pets ./pictures --probabilities',
        'predict rents - < flats.csv',
      ),
    )
    .action(predict);
}

async function predict(
  model: string,
  path: string,
  options: PredictOptions & { readonly of?: number },
  command: Command,
): Promise<void> {
  const context = createContext(command);
  const store = context.openStore();
  const { spec } = unwrap(await loadSpec(store, model));
  const version = unwrap(await openVersion(store, spec, options.of ?? null));
  const brought = unwrap(await fetchFile(path, { openBucket: (location) => context.openBucket(location) }));
  const line = createProgressLine();
  const started = performance.now();
  try {
    const columns = columnsOf(spec, options);
    const { id = null } = columns;
    const keep = options.keep ?? (id === null ? [] : [id]);
    const source = unwrap(
      await openUnlabelled(brought.path, {
        input: spec.input,
        columns,
        format: options.format ?? null,
        keep: keep.join() === 'all' ? 'all' : keep,
        ...formOf(spec, options),
      }),
    );
    const sink = createSink(options.out);
    const predicted = await predictFile({
      spec,
      version,
      source,
      format: context.json ? 'ndjson' : 'csv',
      probabilities: options.probabilities === true,
      write: (text) => sink.write(text),
      onProgress: (rows, fraction) =>
        line.update(
          () => `${source.name}: ${describeRows(rows, fraction, (performance.now() - started) / 1_000)}`,
        ),
    });
    await sink.end();
    line.close();
    report(predicted, options.out);
  } finally {
    line.close();
    version.close();
    await brought.end();
  }
}

/** Waits where whoever reads is slower; ends quietly where it has gone (`| head`). */
function createSink(path: string | undefined) {
  const stream: Writable = path === undefined ? process.stdout : createWriteStream(path);
  let failed: NodeJS.ErrnoException | null = null;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    failed = error;
  });
  const check = (): void => {
    if (failed === null) return;
    if (failed.code === 'EPIPE') process.exit(0);
    throw new Failure(`${path ?? 'standard output'}: ${failed.message}`);
  };
  return {
    async write(text: string): Promise<void> {
      check();
      if (!stream.write(text))
        await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
      check();
    },
    async end(): Promise<void> {
      if (path === undefined) return;
      stream.end();
      await finished(stream).catch(() => {});
      check();
    },
  };
}

function report({ answered, rejected, problems }: PredictedFile, out: string | undefined): void {
  if (out !== undefined) console.error(`${formatCount(answered)} answers in ${out}`);
  if (rejected === 0) return;
  console.error(`${formatCount(rejected)} rows have no answer:`);
  for (const problem of problems) console.error(`  ${problem}`);
  if (rejected > problems.length) console.error(`  … and ${formatCount(rejected - problems.length)} more`);
  if (rejected >= answered)
    throw new Failure(
      `${formatCount(rejected)} of ${formatCount(answered + rejected)} rows have no answer`,
      1,
      {
        kind: 'mostly-rejected',
      },
    );
}
