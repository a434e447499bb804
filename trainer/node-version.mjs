/**
 * Says what to do where Node is too old, before anything is loaded that an old Node can't parse: plain JavaScript.
 */

/** The first release that runs TypeScript as it is, without a flag. */
const LEAST = [22, 18];

/** Whether this Node is new enough for the project. */
export function isNodeNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
}

/**
 * Ends the process with advice when this Node is older than the project needs.
 *
 * @param {string} command  what the person typed, for the advice: `npm start`
 */
export function requireNode(command) {
  if (isNodeNewEnough()) return;
  console.error(
    [
      `Holdfast needs Node ${LEAST.join('.')} or newer; this is Node ${process.versions.node}.`,
      '',
      'The project brings a Node of its own, which npm puts first for its scripts. It is missing here,',
      'probably because packages were installed with --ignore-scripts, or not at all. Either',
      '',
      `  npm ci && ${command}`,
      '',
      'or install Node 24 from https://nodejs.org and try again.',
    ].join('\n'),
  );
  process.exit(1);
}
