/**
 * `holdfast train`: one retraining run, in the trainer Worker or (with --store) in this process.
 */
import type { Command } from 'commander';
import { createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { createRunProgress, reportRun } from '../../run-text.ts';
import { watchRun } from '../../watch.ts';
import { runJobHere } from '../../local-job.ts';
import { example, wholeNumber } from '../../options.ts';

interface TrainOptions {
  readonly snapshot?: string;
  readonly promote: boolean;
  readonly threads?: number;
  readonly again?: boolean;
}

/** `holdfast train <model>`; its exit code says how the run ended (`run-text.ts`). */
export function addTrainCommand(program: Command): void {
  program
    .command('train <model>')
    .description('run the whole pipeline now: snapshot, fine-tune, gate, publish, promote or not')
    .option('--again', 'although nothing is new since the last run: a new recipe on old data')
    .option('--snapshot <id>', 'with --store: train on this snapshot instead of making one')
    .option('--no-promote', 'with --store: judge and publish, but leave the champion alone')
    .option(
      '--threads <n>',
      'with --store: cores to work on (default: one a core, at most 8)',
      wholeNumber(1),
    )
    .addHelpText(
      'after',
      example(
        'train prices',
        'train prices --store s3://holdfast --endpoint http://127.0.0.1:8787/cdn-cgi/local/r2/s3',
      ),
    )
    .action(async (model: string, options: TrainOptions, command: Command) => {
      const context = createContext(command);
      const connection = context.connect();
      if (connection.kind === 'store') {
        const { snapshot, promote, threads } = options;
        const progress = createRunProgress(context);
        const run = await runJobHere({
          store: connection.store,
          model,
          by: context.by,
          promote,
          ...(snapshot === undefined ? {} : { snapshot }),
          ...(threads === undefined ? {} : { threads }),
          ...(options.again === true && { again: true }),
          onProgress: progress.step,
        });
        progress.close();
        reportRun(context, unwrap(run), { steps: true });
        return;
      }
      if (options.snapshot !== undefined || options.threads !== undefined || !options.promote)
        throw usageError(
          '--snapshot, --threads and --no-promote need --store: the trainer Worker decides these itself',
        );
      const { run } = unwrap(await connection.target.startRun(model, context.by, options.again === true));
      if (!context.json) console.log(`run ${run} started`);
      reportRun(context, await watchRun(connection.target, context, model, run), { steps: false });
    });
}
