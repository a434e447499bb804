/**
 * Says what to do where Node is too old or nothing is installed, before anything is loaded that needs either: plain
 * JavaScript.
 */
import { existsSync } from 'node:fs';
import process from 'node:process';

/** The first release that runs TypeScript as it is, without a flag. */
const LEAST = [22, 18];

/** Whether this Node is new enough for the project. */
export function isNodeNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
}

/** Whether there are packages to load; which ones, npm knows. */
function isInstalled() {
  return existsSync(new URL('../../node_modules', import.meta.url));
}

/**
 * Ends the process with advice when this Node is older than the project needs, or the packages are not there.
 *
 * @param {string} command  what the person typed, for the advice: `npm start`
 */
export function requireNode(command) {
  if (isNodeNewEnough() && isInstalled()) return;
  console.error((isNodeNewEnough() ? adviseToInstall(command) : adviseNode(command)).join('\n'));
  process.exit(1);
}

function adviseToInstall(command) {
  return ['The packages that Holdfast needs are not installed:', '', `  npm ci && ${command}`];
}

function adviseNode(command) {
  return [
    `Holdfast needs Node ${LEAST.join('.')} or newer; this is Node ${process.versions.node}.`,
    '',
    'The project brings a Node of its own, which npm puts first for its scripts. It is missing here,',
    'probably because packages were installed with --ignore-scripts, or not at all. Either',
    '',
    `  npm ci && ${command}`,
    '',
    'or install Node 24 from https://nodejs.org and try again.',
  ];
}
