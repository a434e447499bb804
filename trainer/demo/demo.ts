/**
 * `npm run demo`, once Node is known to be new enough: a fresh state, a free port, the story, a page about it.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRandom } from '../../shared/random.ts';
import { createGauge } from '../local/gauge.ts';
import { type Local, startLocal } from '../local/local.ts';
import { formatLog } from '../local/log-lines.ts';
import { loadReportPage } from '../local/operators.ts';
import { DEMO_REPORT, DEMO_STATE } from '../local/paths.ts';
import { DIGITS, ensureDigitsModel } from './digits-model.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { type Story, StoryFailure, tellStory } from './story.ts';
import { renderStoryPage } from './story-page.ts';

const TRAFFIC_SEED = 3;

/** @returns 0 only when everything that the story claims has happened */
export async function main(): Promise<number> {
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
  process.once('SIGINT', () => void local.dispose().finally(() => process.exit(130)));
  try {
    await setTheStage(local, narrator, folder);
    const story = await tellStory({ local, narrator, random: createRandom(TRAFFIC_SEED) });
    await leavePage(local, story, folder);
    narrator.say('');
    narrator.say(
      `All of it happened, in ${Math.round((Date.now() - startMs) / 1_000)} s. The report: ${DEMO_REPORT}`,
    );
    return 0;
  } catch (cause) {
    narrator.say('');
    const message =
      cause instanceof StoryFailure ? cause.message : String(cause instanceof Error ? cause.stack : cause);
    console.error(`   ✗ ${message}\n   What the Workers logged: ${logFile}`);
    return 1;
  } finally {
    await local.dispose();
    log.end();
  }
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
async function leavePage(local: Local, story: Story, folder: string): Promise<void> {
  const files = story.nights.map((_, i) => `night-${i + 1}.html`);
  for (const [i, { run }] of story.nights.entries()) {
    await writeFile(path.join(folder, files[i] ?? ''), await loadReportPage(local.client, DIGITS, run.id));
  }
  await writeFile(DEMO_REPORT, renderStoryPage(story, files, null));
}
