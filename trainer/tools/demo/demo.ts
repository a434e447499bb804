/**
 * `npm run demo`, once Node is known to be new enough: a fresh state, a free port, the story, a page about it.
 */
import { installSafeOutput } from '../../safe-output.ts';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRandom } from '../../../shared/random.ts';
import { createGauge } from '../local/gauge.ts';
import { type Local, startLocal } from '../local/local.ts';
import { formatLog } from '../local/log-lines.ts';
import { STOP_SIGNALS } from '../local/miniflare.ts';
import { DEMO_REPORT, DEMO_STATE } from '../local/paths.ts';
import { ensureDigitsModel } from './digits-model.ts';
import { createNarrator, type Narrator, sparkline } from './narrator.ts';
import { emptyStory, type Story, StoryFailure, tellStory } from './story.ts';
import { renderStoryPage } from './story-page.ts';

const TRAFFIC_SEED = 3;

const HELP = `npm run demo

Tells the whole story in about a minute, on a state and a port of its own: a model serves, writing drifts, a night
retrains it, a poisoned night is refused, a rollback. It ends with 0 only where each of these has happened, and leaves
a page: ${DEMO_REPORT}

  --help  this text
`;

/** @returns 0 only when everything that the story claims has happened */
export async function main(args: readonly string[]): Promise<number> {
  installSafeOutput();
  const [unknown] = args.filter((argument) => argument !== '--help' && argument !== '-h');
  if (unknown !== undefined) {
    process.stderr.write(`expected no options, got ${unknown}\n\n${HELP}`);
    return 2;
  }
  if (args.length === 0) return tell();
  process.stdout.write(HELP);
  return 0;
}

async function tell(): Promise<number> {
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
    await tellStory({ local, narrator, random: createRandom(TRAFFIC_SEED) }, story);
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
  for (const [i, { page }] of story.nights.entries()) {
    await writeFile(path.join(folder, files[i] ?? ''), page);
  }
  await writeFile(DEMO_REPORT, renderStoryPage(story, files, failure));
}
