/**
 * `holdfast events` and `watch`: what happened to the models, once or as it happens.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Notice } from '../../../../../shared/registry/notices.ts';
import { createContext } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { relativeTime, style } from '../../output.ts';
import type { Target } from '../../target.ts';
import { example } from '../../options.ts';

const POLL_MS = 2_000;

/** `holdfast events` and `watch`, of one model or of all. */
export function addNoticeCommands(program: Command): void {
  program
    .command('events [model]')
    .description('what happened: moves of the champion, runs that failed, were held or refused, damage')
    .addHelpText('after', example('events', 'events digits'))
    .action(async (model: string | undefined, _options: unknown, command: Command) => {
      const context = createContext(command);
      const notices = await loadNotices(context.connect().target, model);
      const now = context.now();
      context.print(notices, () =>
        notices.length === 0
          ? 'nothing happened yet'
          : notices.map((notice) => describe(notice, now)).join('\n'),
      );
    });
  program
    .command('watch [model]')
    .description('the same as it happens, until Ctrl-C')
    .addHelpText('after', example('watch', 'watch digits --json'))
    .action(async (model: string | undefined, _options: unknown, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      const seen = new Set((await loadNotices(target, model)).map(({ id }) => id));
      for (;;) {
        await sleep(POLL_MS);
        // A deployment that restarts answers again.
        const notices = await loadNotices(target, model).catch(() => []);
        for (const notice of notices.filter(({ id }) => !seen.has(id))) {
          seen.add(notice.id);
          console.log(context.json ? JSON.stringify(notice) : describe(notice, context.now()));
        }
      }
    });
}

/** Of one model or of all, in order of time. */
async function loadNotices(target: Target, model: string | undefined): Promise<Notice[]> {
  const models = model === undefined ? unwrap(await target.listModels()) : [model];
  const notices: Notice[] = [];
  for (const name of models) notices.push(...unwrap(await target.notices(name)));
  return notices.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

const GRAVE: ReadonlySet<Notice['kind']> = new Set([
  'rolled-back',
  'rollback-advised',
  'run-failed',
  'not-serving',
  'run-late',
]);

function describe({ at, kind, text }: Notice, now: Date): string {
  const painted = GRAVE.has(kind) ? style('red', text) : text;
  return `${style('dim', relativeTime(at, now).padEnd(12))}  ${painted}`;
}
