/**
 * `holdfast promote` and `rollback`: the two moves of the champion.
 */
import type { Command } from 'commander';
import type { Move } from '../../../../shared/registry/alias.ts';
import { type Context, createContext } from '../context.ts';
import { unwrap } from '../failure.ts';
import { style } from '../output.ts';
import type { MoveRequest, Target } from '../target.ts';
import { example, wholeNumber } from './options.ts';

interface PromoteOptions {
  readonly reason: string;
  readonly force?: boolean;
}

interface RollbackOptions {
  readonly reason: string;
  readonly to?: number;
}

export function addMoveCommands(program: Command): void {
  program
    .command('promote')
    .argument('<model>')
    .argument('<version>', 'number of a published version', wholeNumber(1))
    .description('make a version the champion')
    .requiredOption('--reason <text>', 'why, for the history')
    .option('--force', 'although the gate did not pass it; recorded as forced')
    .addHelpText('after', example('promote digits 4 --reason "reviewed the flips"'))
    .action(async (model: string, version: number, options: PromoteOptions, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      const request = {
        ...(await decide(context, target, model, options.reason)),
        force: options.force === true,
      };
      const move = unwrap(await target.promote(model, version, request));
      context.print(move, () => describe(model, move));
    });
  program
    .command('rollback <model>')
    .description(
      'put back the version that served before (again: the one before that), or a named earlier champion',
    )
    .requiredOption('--reason <text>', 'why, for the history')
    .option('--to <version>', 'an earlier champion', wholeNumber(1))
    .addHelpText('after', example('rollback digits --reason "complaints since this morning"'))
    .action(async (model: string, options: RollbackOptions, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      const request = { ...(await decide(context, target, model, options.reason)), to: options.to ?? null };
      const move = unwrap(await target.rollback(model, request));
      context.print(move, () => describe(model, move));
    });
}

/** Of two people who move the champion at once, the second must not undo the first unawares. */
async function decide(context: Context, target: Target, model: string, reason: string): Promise<MoveRequest> {
  const { champion } = unwrap(await target.status(model));
  return { reason, by: context.by, expectedChampion: champion?.to ?? null };
}

function describe(model: string, { action, from, to, forced, verdict }: Move): string {
  const before = from === null ? 'there was none before' : `it was version ${from}`;
  const why = forced ? style('yellow', ` (forced: its verdict is ${verdict})`) : '';
  const verb = action === 'promote' ? 'promoted' : 'rolled back';
  return `${verb}: the champion of ${model} is version ${style('bold', String(to))}, ${before}${why}`;
}
