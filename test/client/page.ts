/**
 * A page that uses the built client, and a browser to open it: what the page found out, it posts back.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** null: there is none here. */
export const BROWSER = process.env['HOLDFAST_BROWSER'] ?? BROWSERS.find(existsSync) ?? null;

const CLIENT = path.join(import.meta.dirname, '../../client/dist');
const OPENS_WITHIN_MS = 45_000;

export interface Page {
  readonly origin: string;
  /** Opens the page with this script, a module that posts what it found to /found. */
  open(browser: string, script: string): Promise<unknown>;
  close(): Promise<void>;
}

export async function servePage(): Promise<Page> {
  let script = '';
  let found: (value: unknown) => void = () => {};
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    if (request.method === 'POST') {
      void readText(request).then((text) => found(JSON.parse(text)));
      response.end();
    } else if (pathname.endsWith('.js')) {
      response.setHeader('content-type', 'text/javascript');
      void readFile(path.join(CLIENT, path.basename(pathname))).then((file) => response.end(file));
    } else {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><script type="module">${script}</script>`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async open(browser, text) {
      script = text;
      const answer = new Promise((resolve) => (found = resolve));
      return withBrowser(browser, origin, answer);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function withBrowser<T>(browser: string, url: string, answer: Promise<T>): Promise<T> {
  const profile = await mkdtemp(path.join(os.tmpdir(), 'holdfast-page-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const child = spawn(browser, [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', url], {
    stdio: 'ignore',
    detached: true,
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    return await Promise.race([answer, lateAfter(OPENS_WITHIN_MS)]);
  } finally {
    // The browser and the processes that it started.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function lateAfter(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the page said nothing within ${ms} ms`)), ms).unref();
  });
}

async function readText(request: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}
