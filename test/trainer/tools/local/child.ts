/**
 * `npm start` as a child process, with what it prints.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';

export const START = path.resolve(import.meta.dirname, '../../../../trainer/tools/start/start.mjs');
const PATIENCE_MS = 90_000;

export interface Child {
  readonly process: ChildProcess;
  output(): string;
  /** Waits until it has printed something; fails with what it printed when it ends or takes too long. */
  prints(text: string): Promise<void>;
  /** Sends a signal and gives the exit code, or the signal that ended it. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  ends(): Promise<number | NodeJS.Signals | null>;
}

export function startChild(...args: readonly string[]): Child {
  return runChild([START, ...args]);
}

/** @param env  beside this process's */
export function runChild(args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return {
    process: child,
    output: () => output,
    prints: async (text) => {
      const deadline = Date.now() + PATIENCE_MS;
      while (!output.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
          throw new Error(`expected ${JSON.stringify(text)}, got:\n${output}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
    ends: () => ended,
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
