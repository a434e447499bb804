/**
 * `holdfast at`: which version answered at a given second, who had promoted it, and on what evidence.
 */
import type { Command } from 'commander';
import type { ServedAt } from '../../../../../shared/registry/champion/served-at.ts';
import { createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { formatFacts, formatVerdict, style } from '../../output.ts';
import { example } from '../../options.ts';
import { reproduceVersion } from '../training/reproduce.ts';

interface Options {
  readonly reproduce?: boolean;
}

/** `holdfast at <model> <time>`; with `--reproduce` that version is trained again as well. */
export function addAtCommand(program: Command): void {
  program
    .command('at')
    .argument('<model>')
    .argument('<time>', 'such as 2026-03-01T10:00Z or 2026-03-01T11:00:30+01:00')
    .description('which version answered at that second, why it had been promoted, by whom, on what evidence')
    .option('--reproduce', 'train it again, and compare digests')
    .addHelpText('after', example('at digits 2026-03-01T10:00Z'))
    .action(async (model: string, time: string, options: Options, command: Command) => {
      const context = createContext(command);
      const connection = context.connect();
      const served = unwrap(await connection.target.servedAt(model, parseTime(time)));
      context.print(served, () => describe(served));
      if (options.reproduce === true)
        await reproduceVersion(context, connection, { model, version: served.version });
    });
}

/** With its zone: of a time without one nobody knows which second it is. */
function parseTime(text: string): Date {
  const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = new Date(text);
  if (zoned && !Number.isNaN(time.getTime())) return time;
  throw usageError(`expected a time with its zone, such as 2026-03-01T10:00Z, got ${JSON.stringify(text)}`);
}

function describe({ at, version, move, until, evidence, problem }: ServedAt): string {
  const { action, by, reason, run, forced } = move;
  const how = `${action === 'promote' ? 'promoted' : 'put back'}${forced ? ' against its verdict' : ''}`;
  return formatFacts([
    ['at', at],
    ['version', style('bold', String(version))],
    ['since', `${move.at}, ${how} by ${by}: ${reason}`],
    ['until', until ?? 'it still serves'],
    ...(evidence === null
      ? [['evidence', style('red', problem ?? 'none')] as const]
      : [
          ['verdict', `${formatVerdict(evidence.verdict)}: ${evidence.reasons.join('; ')}`] as const,
          [
            'trained',
            `on snapshot ${evidence.snapshot ?? 'none'}, ${describeParent(evidence.parent)}`,
          ] as const,
          ['report', `run ${run ?? evidence.run}`] as const,
        ]),
    [
      'isolates',
      'one follows a move within HOLDFAST_ALIAS_TTL_SECONDS (5): so long after a move either may have answered',
    ],
  ]);
}

function describeParent(parent: number | null): string {
  return parent === null ? 'from no other version' : `from version ${parent}`;
}
