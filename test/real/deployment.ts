/**
 * A local process of its own, and the `holdfast` command as people run it: a child process that is told a URL.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { RunReport } from '../../trainer/report/report.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import { EXIT } from '../../trainer/tools/cli/failure.ts';
import { type Local, startLocal } from '../../trainer/tools/local/local.ts';

export interface Deployment {
  readonly local: Local;
  /** Runs the command; gives what it prints, throws with what it complains about. */
  holdfast(...args: readonly string[]): Promise<string>;
  /** `holdfast train`, to the end of the run. */
  train(model: string): Promise<RunRecord>;
  report(model: string, run: RunRecord): Promise<RunReport>;
  /** The labels that a version answers, by default the champion. */
  predict(model: string, instances: readonly unknown[], version?: number): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const BIN = 'trainer/tools/cli/holdfast.mjs';
/** What one request may hold. */
const MAX_INSTANCES = 1_000;

export async function startDeployment(): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-real-'));
  const started = await startLocal({ port: 0, state: join(folder, 'state'), onLog: () => {} });
  if (!started.ok) throw new Error(started.error.detail);
  const local = started.value;
  const holdfast = (...args: readonly string[]) => execute(local.url, args);
  return {
    local,
    holdfast,
    train: async (model) =>
      JSON.parse(await execute(local.url, ['train', model, '--json'], ENDED_WELL)) as RunRecord,
    report: async (model, { id }) =>
      JSON.parse(await holdfast('run', model, id, '--report', '--json')) as RunReport,
    predict: (model, instances, version) => predict(local, model, instances, version),
    dispose: async () => {
      await local.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The salt decides which examples are held out: a fixed one makes what is measured repeatable. */
export const FIXED_SPEC = JSON.stringify({ salt: '5a'.repeat(32) });

/** What `train` ends with where a run ended as it should without a promotion: held, refused, nothing new, waiting. */
const ENDED_WELL = [EXIT.held, EXIT.refused, EXIT.skipped, EXIT.waiting];

/** @param accepted  exit codes other than 0 that are answers too */
function execute(url: string, args: readonly string[], accepted: readonly number[] = []): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, USER: 'ann', HOLDFAST_URL: url };
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [BIN, ...args],
      { env, timeout: 110_000, maxBuffer: 2 ** 26 },
      (error, out, err) => {
        if (error === null || accepted.some((code) => code === error.code)) done(out);
        else fail(new Error(`holdfast ${args.join(' ')}: ${err}${out}`));
      },
    );
  });
}

const answerSchema = z.object({ labels: z.array(z.string()) });

async function predict(
  { client }: Local,
  model: string,
  instances: readonly unknown[],
  version?: number,
): Promise<string[]> {
  const route = `/v1/models/${model}${version === undefined ? '' : `/versions/${version}`}:predict`;
  const labels: string[] = [];
  for (let at = 0; at < instances.length; at += MAX_INSTANCES) {
    const body = { instances: instances.slice(at, at + MAX_INSTANCES) };
    labels.push(...(await client.ask(answerSchema, 'predict', 'POST', route, body)).labels);
  }
  return labels;
}

/** Share of answers that are right. */
export function accuracyOf(answers: readonly string[], truth: readonly string[]): number {
  return answers.filter((answer, i) => answer === truth[i]).length / truth.length;
}
