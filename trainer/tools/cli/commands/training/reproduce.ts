/**
 * `holdfast reproduce`: a version trained again from what it kept, its digests compared; in the trainer Worker or (with
 * --store) in this process.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { VERSION_FILES } from '../../../../../shared/registry/store/keys.ts';
import type { Outcome, Reproduction } from '../../../../../shared/registry/jobs/reproductions.ts';
import type { ObjectStore } from '../../../../../shared/registry/store/store.ts';
import type { OnFiles } from '../../../../reproduce/reproduction-run.ts';
import { type Connection, type Context, createContext } from '../../context.ts';
import { Failure, unwrap, usageError } from '../../failure.ts';
import { formatTable, style } from '../../output.ts';
import { createRunProgress } from '../../run-text.ts';
import type { HttpTarget } from '../../target.ts';
import { watchReproduction } from '../../watch-reproduction.ts';
import { example, wholeNumber } from '../../options.ts';

interface Options {
  readonly recompute?: boolean;
  readonly resume?: string;
  readonly keep?: string;
}

/** `holdfast reproduce <model> <version>`; its exit code says whether the digests are equal. */
export function addReproduceCommand(program: Command): void {
  program
    .command('reproduce')
    .argument('<model>')
    .argument('<version>', 'number of a version', wholeNumber(1))
    .description('train a version again from what it kept, and compare digests; nothing is published')
    .option('--recompute', 'compute features anew, instead of using those that are kept')
    .option('--keep <dir>', 'with --store: save the reproduced files there')
    .option('--resume <id>', 'go on with a reproduction that was interrupted')
    .addHelpText(
      'after',
      `
It ends with 0 when all four files have the digests of the manifest, and with 1 when they do not or when the version
can't be trained again; then it names the first thing that is another.
${example('reproduce digits 3', 'reproduce digits 3 --store s3://holdfast --keep again')}`,
    )
    .action(async (model: string, version: number, options: Options, command: Command) => {
      const context = createContext(command);
      await reproduceVersion(context, context.connect(), { model, version, ...options });
    });
}

/** Trains a version again, here or in the trainer Worker, and prints what came of it. */
export async function reproduceVersion(
  context: Context,
  connection: Connection,
  asked: Asked,
): Promise<void> {
  const ended =
    connection.kind === 'store'
      ? await reproduceHere(context, connection.store, asked)
      : await reproduceThere(context, connection.target, asked);
  report(context, ended, asked.keep);
}

interface Asked extends Options {
  readonly model: string;
  readonly version: number;
}

async function reproduceHere(context: Context, store: ObjectStore, asked: Asked): Promise<Reproduction> {
  const { model, version, recompute = false, resume, keep } = asked;
  const progress = createRunProgress(context);
  // Loaded only here: TensorFlow.js takes its time.
  const job = await import('../../../../node/reproduce-job.ts');
  const ended = await job.reproduceHere({
    store,
    model,
    version,
    recompute,
    by: context.by,
    ...(resume !== undefined && { resume }),
    ...(keep !== undefined && { onFiles: saveTo(keep) }),
    onStart: (id) => announce(context, id),
    onProgress: progress.step,
  });
  progress.close();
  return unwrap(ended);
}

function saveTo(folder: string): OnFiles {
  return async (files) => {
    await mkdir(folder, { recursive: true });
    for (const name of VERSION_FILES) await writeFile(path.join(folder, name), files[name]);
  };
}

async function reproduceThere(context: Context, target: HttpTarget, asked: Asked): Promise<Reproduction> {
  const { model, version, recompute = false, resume = null, keep } = asked;
  if (keep !== undefined)
    throw usageError('--keep needs --store: in the trainer Worker the files are compared and removed');
  const request = { recompute, resume, by: context.by };
  const { reproduction: id } = unwrap(await target.reproduce(model, version, request));
  announce(context, id);
  return watchReproduction(target, context, model, id);
}

function announce(context: Context, id: string): void {
  if (!context.json)
    console.error(`reproduction ${id}: if it is interrupted, --resume ${id} goes on with it`);
}

function report(context: Context, ended: Reproduction, kept: string | undefined): void {
  const { id, version, model, outcome, error } = ended;
  if (outcome === null) {
    const detail = error ?? 'no reason recorded';
    throw new Failure(`version ${version} of ${model} can't be trained again: ${detail}`, 1, {
      kind: 'reproduction-failed',
      id,
    });
  }
  context.print(ended, () => describe(ended, outcome, kept));
  if (!outcome.same) {
    const detail = `version ${version} of ${model} was not reproduced: ${outcome.difference?.detail ?? 'its files differ'}`;
    throw new Failure(detail, 1, { kind: 'not-reproduced', stage: outcome.difference?.stage });
  }
}

/** Digits of a digest that a person compares. */
const SHOWN_DIGITS = 16;

function describe(ended: Reproduction, outcome: Outcome, kept: string | undefined): string {
  const { version, model, place, startedAt, finishedAt, recompute } = ended;
  const seconds = (Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt)) / 1_000;
  const how = recompute ? ', features computed anew' : '';
  const lines = [
    `version ${version} of ${model}, trained again by ${place} in ${seconds.toFixed(1)} s${how}`,
  ];
  for (const { file, recorded, here } of ended.otherBinaries) {
    const [before, now] = [recorded, here].map((digest) => digest?.slice(0, SHOWN_DIGITS) ?? 'not there');
    lines.push(style('yellow', `${file} is not the one that trained it: ${before} then, ${now} now`));
  }
  if (outcome.files.length > 0) lines.push(describeFiles(outcome));
  if (outcome.metrics.length > 0) lines.push(describeMetrics(outcome));
  const { difference } = outcome;
  lines.push(
    difference === null
      ? style('bold', style('green', 'Same: all four files, digest for digest'))
      : style('bold', style('red', `Different, from here on: ${difference.stage}`)),
  );
  if (kept !== undefined && outcome.files.length > 0) lines.push(`saved in ${kept}`);
  return lines.join('\n');
}

function describeFiles({ files }: Outcome): string {
  return formatTable(
    [{ title: 'file' }, { title: 'recorded' }, { title: 'reproduced' }, { title: '' }],
    files.map(({ file, recorded, reproduced }) => [
      file,
      recorded.slice(0, SHOWN_DIGITS),
      reproduced.slice(0, SHOWN_DIGITS),
      formatSame(recorded === reproduced),
    ]),
  );
}

function describeMetrics({ metrics }: Outcome): string {
  const number = (value: number | null): string =>
    value === null ? '-' : String(Number(value.toPrecision(6)));
  return formatTable(
    [
      { title: 'held out' },
      { title: 'recorded', align: 'right' },
      { title: 'reproduced', align: 'right' },
      { title: '' },
    ],
    metrics.map(({ name, recorded, reproduced }) => [
      name,
      number(recorded),
      number(reproduced),
      formatSame(recorded === reproduced),
    ]),
  );
}

function formatSame(same: boolean): string {
  return same ? style('green', 'same') : style('red', 'different');
}
