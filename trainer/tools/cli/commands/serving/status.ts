/**
 * `holdfast status`, `versions` and `history`: what serves, what there is, who moved what.
 */
import type { Command } from 'commander';
import { type Context, createContext } from '../../context.ts';
import { EXIT, Failure, unwrap } from '../../failure.ts';
import { describeBrief } from '../../live-text.ts';
import { type ModelFinding, findState, isServing } from '../../model-state.ts';
import { formatFacts, formatTable, formatVerdict, relativeTime, style } from '../../output.ts';
import type { ModelStatus, Target, VersionEntry } from '../../target.ts';
import { example } from '../../options.ts';

/** The three commands; `status` ends with 1 where a champion does not serve. */
export function addStatusCommands(program: Command): void {
  program
    .command('status [model]')
    .description('what serves, since when, and how the last run ended')
    .addHelpText('after', example('status', 'status digits'))
    .action(async (model: string | undefined, _options: unknown, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      if (model === undefined) return showAll(context, target);
      const status = unwrap(await target.status(model));
      context.print(status, () => describeModel(status, context.now()));
      failUnlessServing([status]);
    });
  program
    .command('versions <model>')
    .description('the versions of a model, with their verdicts')
    .addHelpText('after', example('versions digits'))
    .action(async (model: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const { target } = context.connect();
      const versions = unwrap(await target.versions(model));
      const history = unwrap(await target.history(model));
      const champion = history.at(-1)?.to ?? null;
      context.print({ champion, versions }, () => describeVersions(model, versions, champion, context.now()));
    });
  program
    .command('history <model>')
    .description('every promotion and rollback: who, when, from, to, why')
    .addHelpText('after', example('history digits'))
    .action(async (model: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const moves = unwrap(await context.connect().target.history(model));
      context.print(moves, () => {
        if (moves.length === 0) return `${model} has had no champion yet`;
        return formatTable(
          [
            { title: '#', align: 'right' },
            { title: 'WHEN' },
            { title: 'MOVE' },
            { title: 'FROM', align: 'right' },
            { title: 'TO', align: 'right' },
            { title: 'VERDICT' },
            { title: 'BY' },
            { title: 'REASON' },
          ],
          moves.map((move) => [
            String(move.sequence),
            relativeTime(move.at, context.now()),
            move.forced ? `${move.action} (forced)` : move.action,
            move.from === null ? '-' : String(move.from),
            String(move.to),
            formatVerdict(move.verdict),
            move.by,
            move.reason,
          ]),
        );
      });
    });
}

async function showAll(context: Context, target: Target): Promise<void> {
  const statuses: ModelStatus[] = [];
  for (const name of unwrap(await target.listModels())) statuses.push(unwrap(await target.status(name)));
  const now = context.now();
  context.print(statuses, () => {
    if (statuses.length === 0) return `no models at ${target.name}: holdfast create makes one`;
    return formatTable(
      [
        { title: 'MODEL' },
        { title: 'CHAMPION', align: 'right' },
        { title: 'SINCE' },
        { title: 'VERSIONS', align: 'right' },
        { title: 'LAST RUN' },
        { title: 'VERDICT' },
        { title: '' },
      ],
      statuses
        .map((status) => ({ ...status, findings: findState(status, now) }))
        .map(({ name, champion, versions, lastRun, findings }) => [
          name,
          champion === null ? '-' : style('bold', String(champion.to)),
          champion === null ? '-' : relativeTime(champion.at, now),
          String(versions.length),
          lastRun === null ? '-' : `${lastRun.status} ${relativeTime(lastRun.startedAt, now)}`,
          formatVerdict(lastRun?.verdict ?? null),
          findings.map(paintShort)[0] ?? '',
        ]),
    );
  });
  failUnlessServing(statuses);
}

/** Nothing is broken: somebody may have to decide. */
const MILD: ReadonlySet<ModelFinding['kind']> = new Set(['apart', 'paused', 'held']);

function paintShort({ kind, short }: ModelFinding): string {
  return style(MILD.has(kind) ? 'yellow' : 'red', short);
}

/** The worst first, each on a line of its own, before anything else is said. */
function describeFindings(findings: readonly ModelFinding[]): string[] {
  return findings.map(({ kind, text }) => style(MILD.has(kind) ? 'yellow' : 'red', text));
}

/** A model that does not serve fails the command, after everything was said. */
function failUnlessServing(statuses: readonly ModelStatus[]): void {
  const failing = statuses.filter((status) => !isServing(status)).map(({ name }) => name);
  if (failing.length > 0) {
    throw new Failure(`not serving: ${failing.join(', ')}`, EXIT.notServing, {
      kind: 'not-serving',
      models: failing,
    });
  }
}

/** An alias that can't be read is among the problems, and does not mean that there is no champion. */
function noChampion({ serving, problems }: ModelStatus): string {
  return serving === null && problems.length === 0 ? 'none yet' : 'not known';
}

function describeModel(status: ModelStatus, now: Date): string {
  const { champion, serving, versions, lastRun } = status;
  const facts: (readonly [string, string])[] = [
    ['model', style('bold', status.name)],
    ...(status.description ? [['about', status.description] as const] : []),
    [
      'champion',
      champion === null
        ? noChampion(status)
        : `version ${style('bold', String(champion.to))}, ${champion.action === 'promote' ? 'promoted' : 'rolled back to'} ${relativeTime(champion.at, now)} by ${champion.by}: ${champion.reason}`,
    ],
    ...(serving === null ? [] : [['serving', `version ${serving}`] as const]),
    ...(status.live === null ? [] : [['live', describeBrief(status.live)] as const]),
    ['versions', versions.length === 0 ? 'none' : describeNumbers(versions)],
    [
      'last run',
      lastRun === null
        ? 'none'
        : `${lastRun.id}, ${lastRun.status} ${relativeTime(lastRun.finishedAt ?? lastRun.startedAt, now)}: ${lastRun.summary ?? lastRun.error ?? 'under way'}`,
    ],
  ];
  return [...describeFindings(findState(status, now)), formatFacts(facts)].join('\n');
}

function describeNumbers(versions: readonly number[]): string {
  return `${versions.length > 8 ? '… ' : ''}${versions.slice(-8).join(', ')}`;
}

function describeVersions(
  model: string,
  versions: readonly VersionEntry[],
  champion: number | null,
  now: Date,
): string {
  if (versions.length === 0) return `${model} has no versions yet: holdfast train ${model} makes one`;
  return formatTable(
    [
      { title: '' },
      { title: 'VERSION', align: 'right' },
      { title: 'MADE' },
      { title: 'PARENT', align: 'right' },
      { title: 'VERDICT' },
      { title: 'WHY' },
    ],
    versions.map((entry) => {
      const mark = entry.version === champion ? style('green', '★ champion') : '';
      if (entry.state !== 'published')
        return [mark, String(entry.version), '-', '-', style('red', entry.state), entry.detail];
      const { version, createdAt, parent, verdict, reasons } = entry;
      const made = relativeTime(createdAt, now);
      return [
        mark,
        String(version),
        made,
        parent === null ? '-' : String(parent),
        formatVerdict(verdict),
        reasons[0] ?? '',
      ];
    }),
  );
}
