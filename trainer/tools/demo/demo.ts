/**
 * `npm run demo`, once Node is known to be new enough: a fresh state, a free port, the story, a page about it.
 */
import { installSafeOutput } from '../../safe-output.ts';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../../shared/random.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { createGauge } from '../local/gauge.ts';
import { type Local, startLocal } from '../local/local.ts';
import { formatLog } from '../local/log-lines.ts';
import { STOP_SIGNALS } from '../local/miniflare.ts';
import { DEMO_REPORT, DEMO_STATE } from '../state/paths.ts';
import { ensureDigitsModel } from './digits-model.ts';
import { createNarrator, type Narrator, sparkline } from './narrator.ts';
import { emptyStory, type Story, StoryFailure, tellStory } from './story.ts';
import { renderStoryPage } from './story-page.ts';

const TRAFFIC_SEED = '3';

const HELP = `npm run demo

Tells the whole story in about a minute, on a state and a port of its own: a model serves, writing drifts, a night
retrains it, the labels of a poisoned night are kept apart and the night after goes on without them, a rollback. It
ends with 0 only where each of these has happened, and leaves a page: ${DEMO_REPORT}

  --seed <n>  other digits come in (default ${TRAFFIC_SEED})
  --help      this text
`;

/** @returns 0 only when everything that the story claims has happened */
export async function main(args: readonly string[]): Promise<number> {
  installSafeOutput();
  const options = readOptions(args);
  if (!options.ok) {
    process.stderr.write(`${options.error}\n\n${HELP}`);
    return 2;
  }
  if (!options.value.help) return tell(options.value.seed);
  process.stdout.write(HELP);
  return 0;
}

function readOptions(
  args: readonly string[],
): Result<{ readonly help: boolean; readonly seed: number }, string> {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    seed: { type: 'string', default: TRAFFIC_SEED },
  } as const;
  try {
    const { help, seed } = parseArgs({ args: [...args], options }).values;
    if (/^\d{1,9}$/.test(seed)) return ok({ help, seed: Number(seed) });
    return err(`--seed: expected a whole number of at most nine digits, got ${seed}`);
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}

async function tell(seed: number): Promise<number> {
  const folder = path.dirname(DEMO_REPORT);
  await mkdir(folder, { recursive: true });
  const logFile = path.join(folder, 'workers.log');
  const log = createWriteStream(logFile);
  const narrator = createNarrator(process.stdout);
  const startMs = Date.now();
  const started = await startLocal({
    port: 0,
    state: DEMO_STATE,
    fresh: true,
    onLog: (entry) => log.write(`${formatLog(entry, false) ?? ''}\n`),
    onBuild: () => narrator.passing('building the Workers …'),
  });
  if (!started.ok) {
    console.error(started.error.detail);
    return 1;
  }
  const local = started.value;
  for (const signal of STOP_SIGNALS) {
    process.once(signal, () => void local.dispose().finally(() => process.exit(130)));
  }
  const story = emptyStory();
  try {
    await setTheStage(local, narrator, folder);
    await tellStory({ local, narrator, random: createRandom(seed) }, story);
    await leavePage(story, folder, null);
    narrator.chapter('The end');
    const seconds = Math.round((Date.now() - startMs) / 1_000);
    narrator.say(`Live accuracy, day by day:  ${sparkline(story.days.map(({ accuracy }) => accuracy))}`);
    narrator.confirm(`${story.confirmed.length} claims, each checked, in ${seconds} s`);
    narrator.say(`The report: ${DEMO_REPORT}`);
    return 0;
  } catch (cause) {
    const failure = describeFailure(cause);
    narrator.fail(failure);
    await leavePage(story, folder, failure);
    narrator.say(`The report: ${DEMO_REPORT}. What the Workers logged: ${logFile}`);
    return 1;
  } finally {
    await local.dispose();
    log.end();
  }
}

/** A claim that did not hold is a sentence; anything else is a bug or an outage, with its stack. */
function describeFailure(cause: unknown): string {
  if (cause instanceof StoryFailure) return cause.message;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

async function setTheStage(local: Local, narrator: Narrator, folder: string): Promise<void> {
  narrator.say(
    `Holdfast runs on ${local.url}. A model that reads digits is being made; nothing is downloaded.`,
  );
  const gauge = createGauge(process.stdout);
  const run = await ensureDigitsModel(local, folder, (text, fraction) => gauge.show(text, fraction));
  gauge.end();
  narrator.say(`Version 1 is there: ${run?.steps.find(({ name }) => name === 'fine-tune')?.note ?? ''}.`);
}

/** The story's page, and the nights' own reports beside it. */
async function leavePage(story: Story, folder: string, failure: string | null): Promise<void> {
  const files = story.nights.map((_, i) => `night-${i + 1}.html`);
  for (const [i, { judged }] of story.nights.entries()) {
    if (judged !== null) await writeFile(path.join(folder, files[i] ?? ''), judged.page);
  }
  await writeFile(DEMO_REPORT, renderStoryPage(story, files, failure));
}
