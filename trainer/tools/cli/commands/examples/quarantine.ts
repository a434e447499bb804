/**
 * `holdfast quarantine`: labels that are kept apart, and the two things that a person may say about them.
 */
import type { Command } from 'commander';
import {
  parseQuarantineId,
  type Quarantine,
  quarantineId,
} from '../../../../../shared/registry/quarantine.ts';
import { createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { formatTable, relativeTime, style } from '../../output.ts';
import type { Stretch } from '../../target.ts';
import { example, oneOf } from '../../options.ts';

const ACTIONS = ['list', 'release', 'discard'] as const;
type Action = (typeof ACTIONS)[number];

interface Options {
  readonly reason: string;
}

/** `holdfast quarantine <model> [action] [stretch]`. */
export function addQuarantineCommand(program: Command): void {
  program
    .command('quarantine')
    .argument('<model>')
    .argument('[action]', 'list, release or discard', oneOf(ACTIONS), 'list')
    .argument('[stretch]', 'which one, as the list names it; the one that is held where there is only one')
    .description(
      'labels that are kept apart, as they seem to mean something else: released they train and judge from the next run on, discarded never',
    )
    .option('--reason <text>', 'why, for the records', 'by hand, no reason given')
    .addHelpText(
      'after',
      example(
        'quarantine digits',
        'quarantine digits release --reason "the names did change"',
        'quarantine digits discard 1793491200000-1793577600001 --reason "the labelling tool was broken"',
      ),
    )
    .action(
      async (
        model: string,
        action: Action,
        named: string | undefined,
        { reason }: Options,
        command: Command,
      ) => {
        const context = createContext(command);
        const { target } = context.connect();
        const all = unwrap(await target.quarantines(model));
        if (action === 'list') {
          context.print(all, () => describeAll(model, all, context.now()));
          return;
        }
        const stretch = findStretch(model, action, named, all);
        const status = action === 'release' ? 'released' : 'discarded';
        const ended = unwrap(await target.endQuarantine(model, stretch, { status, reason, by: context.by }));
        context.print(ended, () => describeEnded(model, ended));
      },
    );
}

/** The one that is named, or the only one that nobody has decided about. */
function findStretch(
  model: string,
  action: Action,
  named: string | undefined,
  all: readonly Quarantine[],
): Stretch {
  if (named !== undefined) {
    const stretch = parseQuarantineId(named);
    if (stretch === null)
      throw usageError(`expected <from>-<to> as the list has it, got ${JSON.stringify(named)}`);
    return stretch;
  }
  const held = all.filter(({ status }) => status === 'held');
  const [only] = held;
  if (only !== undefined && held.length === 1) return only;
  const which = held.map(quarantineId).join(', ');
  throw usageError(
    only === undefined
      ? `no labels of ${model} wait to be decided about; name one that was, to ${action} it`
      : `expected which of ${held.length} to ${action}: ${which}`,
  );
}

function describeAll(model: string, all: readonly Quarantine[], now: Date): string {
  if (all.length === 0) return `no labels of ${model} are kept apart`;
  return formatTable(
    [
      { title: 'STRETCH' },
      { title: 'FROM' },
      { title: 'EXAMPLES', align: 'right' },
      { title: 'STATUS' },
      { title: 'DECIDED' },
      { title: 'WHY' },
    ],
    all.map((found) => {
      const { fromMs, examples, status, ended, reason } = found;
      const decided = ended === null ? '-' : `${relativeTime(ended.at, now)} by ${ended.by}: ${ended.why}`;
      return [
        quarantineId(found),
        new Date(fromMs).toISOString(),
        String(examples),
        status === 'held' ? style('yellow', status) : status,
        decided,
        reason,
      ];
    }),
  );
}

function describeEnded(model: string, { status, examples, ended }: Quarantine): string {
  const by = ended === null ? '' : ` (by ${ended.by}, ${ended.at}: ${ended.why})`;
  return status === 'released'
    ? `released: ${examples} labels of ${model} train and judge from the next run on${by}`
    : `discarded: ${examples} labels of ${model} neither train nor judge again${by}`;
}
