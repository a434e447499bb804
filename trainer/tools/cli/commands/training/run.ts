/**
 * `holdfast runs`, `run` and `resume`: what the trainer did, is doing, and left half-done.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Context, createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { resumeJobHere } from '../../local-job.ts';
import { formatTable, formatVerdict, relativeTime } from '../../output.ts';
import { openInBrowser } from '../../open-in-browser.ts';
import {
  createRunProgress,
  describeProgress,
  describeRun,
  describeStatus,
  reportRun,
} from '../../run-text.ts';
import type { Target } from '../../target.ts';
import { watchRun } from '../../watch.ts';
import { example, wholeNumber } from '../../options.ts';

interface RunOptions {
  readonly watch?: boolean;
  /** A file name, or true when none was given. */
  readonly report?: string | true;
  readonly open?: boolean;
}

interface ResumeOptions {
  readonly threads?: number;
}

/** The three commands. */
export function addRunCommands(program: Command): void {
  addRuns(program);
  addRun(program);
  addResume(program);
}

function addRuns(program: Command): void {
  program
    .command('runs <model>')
    .description('the retraining runs of a model')
    .addHelpText('after', example('runs digits'))
    .action(async (model: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const runs = unwrap(await context.connect().target.runs(model));
      context.print(runs, () => {
        if (runs.length === 0) return `${model} has had no run yet: holdfast train ${model} starts one`;
        return formatTable(
          [
            { title: 'RUN' },
            { title: 'STARTED' },
            { title: 'STATUS' },
            { title: 'CANDIDATE', align: 'right' },
            { title: 'VERDICT' },
            { title: 'PROMOTED' },
            { title: 'BY' },
          ],
          runs.map((run) => [
            run.id,
            relativeTime(run.startedAt, context.now()),
            describeStatus(run),
            run.candidate === null ? '-' : String(run.candidate),
            formatVerdict(run.verdict),
            run.promoted ? 'yes' : 'no',
            run.by,
          ]),
        );
      });
    });
}

function addRun(program: Command): void {
  program
    .command('run <model> <id>')
    .description('one run: its steps, its verdict, its report')
    .option('--watch', 'follow it until it ends')
    .option('--report [file]', 'save its report as HTML (with --json: print it)')
    .option('--open', 'show its report in the browser; no key is needed there, as it is saved first')
    .addHelpText(
      'after',
      example(
        'run digits 20261123T030000-cron --report report.html',
        'run digits 20261123T030000-cron --open',
      ),
    )
    .action(async (model: string, id: string, options: RunOptions, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      if (options.report !== undefined || options.open === true)
        return saveReport(context, target, model, id, options);
      if (options.watch === true)
        return reportRun(context, await watchRun(target, context, model, id), { steps: false });
      const { run, progress } = unwrap(await target.run(model, id));
      context.print({ ...run, progress }, () => {
        const now =
          run.status === 'running' && progress !== null ? `\n  … ${describeProgress(progress)}` : '';
        return `${describeRun(run, context.now(), { steps: true })}${now}`;
      });
    });
}

function addResume(program: Command): void {
  program
    .command('resume <model> <id>')
    .description('go on with a run that was interrupted; finished steps are not done again')
    .option(
      '--threads <n>',
      'with --store: cores to work on (default: one a core, at most 8)',
      wholeNumber(1),
    )
    .addHelpText('after', example('resume digits 20261123T030000-cron'))
    .action(async (model: string, id: string, { threads }: ResumeOptions, command: Command) => {
      const context = createContext(command);
      const connection = context.connect();
      if (connection.kind === 'store') {
        const progress = createRunProgress(context);
        const options = {
          store: connection.store,
          model,
          onProgress: progress.step,
          ...(threads === undefined ? {} : { threads }),
        };
        const run = await resumeJobHere(options, id);
        progress.close();
        return reportRun(context, unwrap(run), { steps: true });
      }
      if (threads !== undefined)
        throw usageError('--threads needs --store: the trainer Worker decides this itself');
      unwrap(await connection.target.resumeRun(model, id));
      reportRun(context, await watchRun(connection.target, context, model, id), { steps: false });
    });
}

async function saveReport(
  context: Context,
  target: Target,
  model: string,
  id: string,
  { report: file, open }: RunOptions,
): Promise<void> {
  if (context.json) {
    process.stdout.write(unwrap(await target.report(model, id, 'json')));
    return;
  }
  const page = unwrap(await target.report(model, id, 'html'));
  const name = `${model}-${id}.html`;
  const own = typeof file === 'string' ? file : file === true ? name : null;
  const path = resolve(own ?? join(await mkdtemp(join(tmpdir(), 'holdfast-')), name));
  await writeFile(path, page);
  const opened = open === true && (await openInBrowser(path));
  if (opened) console.log(`opened ${path}`);
  else
    console.log(`saved ${own ?? path}${open === true ? ': there is no browser to open it with here' : ''}`);
}
