/**
 * What to try once everything runs: lines to copy, with a real digit and a real prediction in them.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRandom } from '../../../shared/random.ts';
import { S3_PATH, type Local } from '../local/local.ts';
import { TRAINER_HOST } from '../local/miniflare.ts';
import { type Serving, showServing } from '../local/operators.ts';
import { DEFAULT_PORT } from '../local/options.ts';
import { DIGITS } from './digits-model.ts';
import { drawBatch, drawDigit, FIELD, OFFICE } from './digits.ts';

const SHOWN_DIGIT = 7;
/** Some 150 of them are held out, and the gate judges by 100. */
const NIGHTS_WORTH = 500;

/**
 * Writes the sample requests and has the first one answered once.
 *
 * @param scratch  where `sample-digit.json` and `labelled-digits.json` go
 * @param demo     false: says where things are only
 */
export async function describeTrials(local: Local, scratch: string, demo: boolean): Promise<string> {
  if (!demo) return `${readyLine(local.url)}\n\n${endpoints(local.url)}\n`;
  const serving = await showServing(local.operators, DIGITS);
  const sample = path.join(scratch, 'sample-digit.json');
  const labelled = path.join(scratch, 'labelled-digits.json');
  const request = { instances: [[...drawDigit(SHOWN_DIGIT, OFFICE, createRandom(SHOWN_DIGIT))]] };
  await writeFile(sample, JSON.stringify(request));
  await writeFile(labelled, JSON.stringify(drawNightsWorth(serving.champion)));
  const answer = await local.client.call('predict', 'POST', `/v1/models/${DIGITS}:predict`, request);
  const id = answer.headers.get('holdfast-prediction-id');
  if (answer.status !== 200 || id === null)
    throw new Error(`${DIGITS} does not answer: ${JSON.stringify(answer.body)}`);
  const { url } = local;
  const holdfast = command(url);
  return `${readyLine(url)}, with version ${serving.champion} of ${DIGITS}

Have a drawn ${SHOWN_DIGIT} read:
  curl -i ${url}/v1/models/${DIGITS}:predict -H 'Authorization: Bearer local-predict' -d @${relative(sample)}

Say what it was (this is a prediction of a moment ago; use Holdfast-Prediction-Id of your own):
  curl ${url}/v1/models/${DIGITS}:feedback -H 'Authorization: Bearer local-feedback' \\
    -d '{"items": [{"prediction_id": "${id}", "label": "${SHOWN_DIGIT}"}]}'

Send ${NIGHTS_WORTH} more labels for the night to learn from, of digits in a handwriting that is new to the first version:
  curl ${url}/v1/models/${DIGITS}:feedback -H 'Authorization: Bearer local-feedback' -d @${relative(labelled)}

Run tonight's retraining now, and watch it; or as cron would:
  ${holdfast} train ${DIGITS}
  curl -H 'Authorization: Bearer local-operate' '${cronUrl(url)}'

See what serves; promote ${otherVersion(serving)}, roll back:
  ${holdfast} status ${DIGITS}
  ${holdfast} promote ${DIGITS} ${newest(serving)} --reason "because it holds"
  ${holdfast} rollback ${DIGITS} --reason "something is wrong"

Or watch a drift, a night's retraining, a poisoned night and a rollback in about a minute:
  npm run demo

${endpoints(url)}
`;
}

/** What the night needs to judge by; other digits for each champion, for what is sent twice counts once. */
function drawNightsWorth(champion: number) {
  const { images, digits } = drawBatch(NIGHTS_WORTH, FIELD, createRandom(champion));
  return { items: images.map((image, i) => ({ instance: [...image], label: String(digits[i]) })) };
}

/** What is said where not everything could be made ready: the Workers run all the same. */
export function describeTrouble(url: string, cause: unknown): string {
  return `
${cause instanceof Error ? cause.message : String(cause)}

Holdfast runs on ${url} all the same. What serves, and what can be put back:
  ${command(url)} status
  ${command(url)} history <model>
  ${command(url)} rollback <model> --to <version> --reason "…"

${endpoints(url)}
`;
}

/** The command line, as it reaches this process. */
function command(url: string): string {
  return `${needsUrl(url) ? `HOLDFAST_URL=${url} ` : ''}npx holdfast`;
}

function newest({ champion, versions }: Serving): number {
  return versions.filter((version) => version !== champion).at(-1) ?? champion + 1;
}

function otherVersion(serving: Serving): string {
  const version = newest(serving);
  return serving.versions.includes(version)
    ? `version ${version}`
    : `version ${version} once a night has made it`;
}

function readyLine(url: string): string {
  return `\nHoldfast is ready on ${url}`;
}

function endpoints(url: string): string {
  return `The bucket, over S3: ${url}${S3_PATH} (s3://holdfast, keys local / local-secret). Ctrl-C stops.`;
}

/** curl takes any name under localhost to this machine. */
function cronUrl(url: string): string {
  return `http://${TRAINER_HOST}:${new URL(url).port}/cdn-cgi/local/scheduled?cron=0+3+*+*+*`;
}

function needsUrl(url: string): boolean {
  return new URL(url).port !== String(DEFAULT_PORT);
}

/** As short as it can be typed from here. */
function relative(file: string): string {
  const short = path.relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}
