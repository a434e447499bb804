/**
 * `holdfast live`: what became of the champion since it was promoted, and a look at it now.
 */
import type { Command } from 'commander';
import { createContext } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { describeLive } from '../../live-text.ts';
import { lookJobHere } from '../../local-job.ts';
import { example } from '../../options.ts';

/** `holdfast live <model>`; with `--look` the trainer looks now, and may take the champion back. */
export function addLiveCommand(program: Command): void {
  program
    .command('live <model>')
    .description(
      'the champion’s answers since it was promoted: accuracy or error, beside the version before it and what its gate measured',
    )
    .option(
      '--look',
      'look now, and take the champion back where it is shown worse; else the last look is shown',
    )
    .addHelpText('after', example('live digits', 'live digits --look --store s3://holdfast'))
    .action(async (model: string, { look }: { readonly look?: boolean }, command: Command) => {
      const context = createContext(command);
      const connection = context.connect();
      if (look === true && connection.kind === 'store') {
        const done = unwrap(await lookJobHere(connection.store, model));
        if (!context.json) console.log(done.summary);
      } else if (look === true && connection.kind === 'http') {
        unwrap(await connection.target.look(model));
        if (!context.json) console.log('the trainer looks; holdfast live shows what it found');
        return;
      }
      const live = unwrap(await connection.target.live(model));
      const now = unwrap(await connection.target.history(model)).at(-1);
      const moved = now !== undefined && now.sequence !== live.life.sequence;
      context.print(live, () =>
        [
          ...(moved ? [`version ${now.to} serves since ${now.at}; the next look is about it`] : []),
          describeLive(live, context.now()),
        ].join('\n'),
      );
    });
}
