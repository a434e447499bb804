/**
 * `npm start`, once Node is known to be new enough: starts, makes the demo model if need be, says what to try, and
 * stays until it is told to stop.
 */
import { ensureDigitsModel } from '../demo/digits-model.ts';
import { describeTrials, describeTrouble } from '../demo/trials.ts';
import { installSafeOutput } from '../../safe-output.ts';
import { createGauge } from '../local/gauge.ts';
import { type Local, type LocalError, startLocal } from '../local/local.ts';
import { formatLog } from '../local/log-lines.ts';
import { STOP_SIGNALS } from '../local/miniflare.ts';
import { wakeRuns } from '../local/operators.ts';
import { HELP, parseOptions, type StartOptions } from '../local/options.ts';

/** @returns the exit code */
export async function main(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  installSafeOutput();
  const options = parseOptions(args, env);
  if (!options.ok) {
    console.error(`${options.error}\n\n${HELP}`);
    return 2;
  }
  if (options.value.help) {
    console.log(HELP);
    return 0;
  }
  const stopped = untilStopped();
  const started = await startLocal({
    ...options.value,
    onLog: printLog,
    onBuild: () => console.log('Building the Workers (only when a source has changed) …'),
  });
  if (!started.ok) {
    console.error(advise(started.error, options.value));
    return 1;
  }
  return serve(started.value, options.value, stopped);
}

/** What can't be prepared is said, and everything else goes on: a damaged champion is mended over HTTP. */
async function serve(local: Local, options: StartOptions, stopped: Promise<void>): Promise<number> {
  let stopping = false;
  prepare(local, options).catch((cause: unknown) => {
    // Stopping half-way makes the next request of what is under way fail: that is no error then.
    if (!stopping) console.error(describeTrouble(local.url, cause));
  });
  await stopped;
  stopping = true;
  await local.dispose();
  return 0;
}

async function prepare(local: Local, options: StartOptions): Promise<void> {
  await wakeRuns(local.operators, console.log);
  if (options.demo) {
    const gauge = createGauge(process.stdout);
    const run = await ensureDigitsModel(local, options.state, (text, fraction) => gauge.show(text, fraction));
    gauge.end();
    if (run !== null) console.log(`Made the demo model digits. ${run.summary ?? ''}`);
  }
  console.log(await describeTrials(local, options.state, options.demo));
}

/** Resolves at the first Ctrl-C (or another signal to stop); the second one ends the process at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
  });
}

function advise(error: LocalError, { port }: StartOptions): string {
  switch (error.kind) {
    case 'port-in-use':
      return `Port ${port} is in use by another program. Choose another one: npm start -- --port ${port + 1}`;
    case 'already-running':
    case 'build-failed':
    case 'unhealthy':
      return error.detail;
  }
}

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

function printLog(log: Parameters<typeof formatLog>[0]): void {
  const line = formatLog(log, colour);
  if (line !== null) console.log(line);
}
