/**
 * Shows a file in the browser of whoever sits at the terminal.
 */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import type { Environment } from './settings.ts';

/** The command that opens a URL, and what stands before it. BROWSER comes before what the system has. */
export function openerFor(platform: NodeJS.Platform, env: Environment): readonly [string, ...string[]] {
  const own = env['BROWSER'];
  if (own !== undefined && own !== '') return [own];
  if (platform === 'darwin') return ['open'];
  return platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
}

/**
 * Opens a file, and does not wait for the browser.
 *
 * @returns whether there is a browser to open it with
 */
export function openInBrowser(
  path: string,
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const [command, ...before] = openerFor(platform, env);
  return new Promise((resolve) => {
    const child = spawn(command, [...before, pathToFileURL(path).href], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
