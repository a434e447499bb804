/**
 * `holdfast delete`, `undelete` and `purge`: a model away, and back until it is purged.
 */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import {
  deleteModel,
  type Deletion,
  listDeletions,
  loadDeletion,
  purgeModel,
  undeleteModel,
} from '../../../../registry/delete-model.ts';
import { createContext } from '../../context.ts';
import { Failure, unwrap, usageError } from '../../failure.ts';
import { createProgressLine, formatTable, relativeTime } from '../../output.ts';
import { example } from '../../options.ts';

interface Confirmed {
  readonly confirm?: string;
}

/** The three commands. Deleting and purging ask for the name once more, on a terminal or by `--confirm`. */
export function addDeleteCommands(program: Command): void {
  addDelete(program);
  addUndelete(program);
  addPurge(program);
}

function addDelete(program: Command): void {
  program
    .command('delete <model>')
    .description(
      'take a model away: it serves and trains no more; what it collected stays, and undelete brings it back',
    )
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--confirm <model>', 'its name once more; a terminal asks for it')
    .addHelpText('after', example('delete things --reason "imported with the wrong scale" --confirm things'))
    .action(async (model: string, options: Confirmed & { readonly reason: string }, command: Command) => {
      const context = createContext(command);
      const store = context.openStore();
      await confirm(model, options, 'delete');
      const request = { by: context.by, reason: options.reason, at: context.now() };
      const deleted = unwrap(await deleteModel(store, model, request));
      context.print(deleted, () => describeDeleted(deleted));
    });
}

function addUndelete(program: Command): void {
  program
    .command('undelete')
    .argument('[model]', 'without it: which there are')
    .description('bring a deleted model back, with the version that served')
    .addHelpText('after', example('undelete', 'undelete things'))
    .action(async (model: string | undefined, _options: unknown, command: Command) => {
      const context = createContext(command);
      const store = context.openStore();
      if (model === undefined) {
        const all = await listDeletions(store);
        context.print(all, () => describeAll(all, context.now()));
        return;
      }
      const back = unwrap(await undeleteModel(store, model));
      context.print(back, () =>
        back.champion === null
          ? `${model} is back; it has no champion`
          : `${model} is back, and serves version ${back.champion.to}`,
      );
    });
}

function addPurge(program: Command): void {
  program
    .command('purge <model>')
    .description('remove all that a deleted model left, for good: versions, examples, runs; bases stay')
    .option('--confirm <model>', 'its name once more; a terminal asks for it')
    .addHelpText('after', example('purge things --confirm things'))
    .action(async (model: string, options: Confirmed, command: Command) => {
      const context = createContext(command);
      const store = context.openStore();
      const found = await loadDeletion(store, model);
      if (!found.ok && found.error.kind === 'not-deleted')
        throw new Failure(`${found.error.detail}: holdfast delete ${model} comes first`, 1, {
          kind: 'not-deleted',
        });
      await confirm(model, options, 'purge');
      const progress = createProgressLine();
      const removed = unwrap(
        await purgeModel(store, model, (done, of) => progress.update(`removing ${done} of ${of}`)).finally(
          () => progress.close(),
        ),
      );
      context.print(
        { model, removed },
        () => `purged ${model}: ${removed} objects removed; its name is free`,
      );
    });
}

/** The name once more: a slip of the hand does not write it. */
async function confirm(model: string, options: Confirmed, verb: string): Promise<void> {
  const given =
    options.confirm ?? (process.stdin.isTTY ? await ask(`name of the model to ${verb}: `) : undefined);
  if (given === model) return;
  throw usageError(
    given === undefined
      ? `to ${verb} ${model}, say its name once more: --confirm ${model}`
      : `--confirm: expected ${model}, got ${given}: nothing was done`,
  );
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(question);
  lines.close();
  return answer.trim();
}

function describeDeleted({ model, champion }: Deletion): string {
  const served = champion === null ? '' : `, which served version ${champion.to}`;
  return `deleted ${model}${served}\nit comes back with: holdfast undelete ${model}\nits name is free after: holdfast purge ${model}`;
}

function describeAll(all: readonly Deletion[], now: Date): string {
  if (all.length === 0) return 'no deleted models wait to be purged';
  return formatTable(
    [{ title: 'MODEL' }, { title: 'SERVED' }, { title: 'DELETED' }, { title: 'BY' }, { title: 'REASON' }],
    all.map(({ model, champion, at, by, reason }) => [
      model,
      champion === null ? '' : String(champion.to),
      relativeTime(at, now),
      by,
      reason,
    ]),
  );
}
