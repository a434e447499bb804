/**
 * `holdfast promote` and `rollback`: the two moves of the champion; and `resume-promotion`, after the second of them.
 */
import type { Command } from 'commander';
import type { Move } from '../../../../../shared/registry/champion/alias.ts';
import { describePause } from '../../../../../shared/registry/champion/machine-promotion.ts';
import { type Context, createContext } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { style } from '../../output.ts';
import type { MoveRequest, Target } from '../../target.ts';
import { example, wholeNumber } from '../../options.ts';

interface PromoteOptions {
  readonly reason: string;
  readonly force?: boolean;
}

interface RollbackOptions {
  readonly reason: string;
  readonly to?: number;
  readonly from?: number;
  readonly untilBetter?: boolean;
}

interface ResumePromotionOptions {
  readonly reason: string;
  readonly untilBetter?: boolean;
}

/** The three commands; each takes a reason, which the history keeps with who gave it. */
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
  addRollbackCommand(program);
  addResumePromotionCommand(program);
}

function addRollbackCommand(program: Command): void {
  program
    .command('rollback <model>')
    .description(
      'put back the version that served before (again: the one before that), or a named earlier champion; runs promote nothing until resume-promotion',
    )
    .requiredOption('--reason <text>', 'why, for the history')
    .option('--to <version>', 'an earlier champion', wholeNumber(1))
    .option(
      '--from <version>',
      'only if this version still serves; otherwise nothing is done',
      wholeNumber(1),
    )
    .option('--until-better', 'runs may promote again what wins on data that came in after it was made')
    .addHelpText('after', example('rollback digits --reason "complaints since this morning"'))
    .action(async (model: string, options: RollbackOptions, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      const decided = await decide(context, target, model, options.reason);
      const { from = decided.expectedChampion } = options;
      if (from !== decided.expectedChampion)
        return sayNothingDone(context, model, from, decided.expectedChampion);
      const moved = await target.rollback(model, {
        ...decided,
        to: options.to ?? null,
        untilBetter: options.untilBetter === true,
      });
      if (options.from !== undefined && !moved.ok && moved.error.kind === 'lost-race') {
        const { champion } = unwrap(await target.status(model));
        return sayNothingDone(context, model, from, champion?.to ?? null);
      }
      const move = unwrap(moved);
      context.print(move, () => describe(model, move));
    });
}

/** Who asks to take back what serves no longer has what they want. */
function sayNothingDone(context: Context, model: string, from: number | null, serves: number | null): void {
  context.print({ done: false, from, champion: serves }, () => {
    const now = serves === null ? 'nothing does' : `version ${serves} does`;
    return `nothing was done: version ${from} no longer serves ${model}, ${now}`;
  });
}

function addResumePromotionCommand(program: Command): void {
  program
    .command('resume-promotion <model>')
    .description('let runs promote again, which a rollback has paused')
    .option('--reason <text>', 'why, for the records', 'by hand, no reason given')
    .option('--until-better', 'not yet: once a candidate wins on data that came in after it was made')
    .addHelpText('after', example('resume-promotion digits --reason "the labels are mended"'))
    .action(async (model: string, options: ResumePromotionOptions, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      const { reason, untilBetter = false } = options;
      const champion = unwrap(await target.resumePromotion(model, { reason, by: context.by, untilBetter }));
      context.print(champion, () =>
        champion.pause === undefined
          ? `runs may promote versions of ${model} again; what was taken back stays barred to them`
          : describePause(model, champion.pause),
      );
    });
}

/** Of two people who move the champion at once, the second must not undo the first unawares. */
async function decide(context: Context, target: Target, model: string, reason: string): Promise<MoveRequest> {
  const { champion } = unwrap(await target.status(model));
  return { reason, by: context.by, expectedChampion: champion?.to ?? null };
}

function describe(model: string, { action, from, to, forced, verdict, pause }: Move): string {
  const before = from === null ? 'there was none before' : `it was version ${from}`;
  const why = forced ? style('yellow', ` (forced: its verdict is ${verdict})`) : '';
  const verb = action === 'promote' ? 'promoted' : 'rolled back';
  const moved = `${verb}: the champion of ${model} is version ${style('bold', String(to))}, ${before}${why}`;
  return pause === undefined ? moved : `${moved}\n${style('yellow', describePause(model, pause))}`;
}
