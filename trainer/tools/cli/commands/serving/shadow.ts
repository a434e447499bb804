/**
 * `holdfast shadow`: what a version would have answered to the traffic that was logged.
 */
import type { Command } from 'commander';
import { shadowHere } from '../../local-job.ts';
import { createContext } from '../../context.ts';
import { usageError } from '../../failure.ts';
import { describeShadow } from '../../live-text.ts';
import { example, wholeNumber } from '../../options.ts';

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { h: DAY_MS / 24, d: DAY_MS };

/** `holdfast shadow <model> <version>`: what a version would have answered on the logged traffic. */
export function addShadowCommand(program: Command): void {
  program
    .command('shadow')
    .argument('<model>')
    .argument('<version>', 'number of a published version', wholeNumber(1))
    .description(
      'what a version would have answered to the predictions that were logged, beside what was served',
    )
    .option('--since <time>', 'how far back: 12h, 7d', '7d')
    .addHelpText('after', example('shadow digits 4', 'shadow digits 4 --since 12h'))
    .action(
      async (model: string, version: number, { since }: { readonly since: string }, command: Command) => {
        const context = createContext(command);
        const sinceMs = context.now().getTime() - parseSpan(since);
        const shadow = await shadowHere(context.openStore(), model, version, sinceMs);
        context.print(shadow, () => describeShadow(shadow));
      },
    );
}

function parseSpan(text: string): number {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw usageError(`expected a span such as 12h or 7d, got ${JSON.stringify(text)}`);
  return Number(count) * (UNITS[unit] ?? DAY_MS);
}
