/**
 * What `npm start` is told on its command line.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../../../shared/result.ts';
import { DEFAULT_STATE, PROJECT } from '../state/paths.ts';

export const DEFAULT_PORT = 8787;
const HOST = '127.0.0.1';

export interface StartOptions {
  readonly port: number;
  readonly state: string;
  /** Whether to make the demo model where it is not there. */
  readonly demo: boolean;
  readonly help: boolean;
}

export const HELP = `npm start -- [options]

Runs the edge Worker and the trainer Worker in one local process, with persisted state and no account.

  --port <number>   port on ${HOST} (default ${DEFAULT_PORT})
  --state <folder>  where everything is kept (default HOLDFAST_STATE, else .wrangler/state)
  --no-demo         don't make the demo model
  --help            this text`;

/**
 * @param args  what follows the command's name
 * @param env   looked at for HOLDFAST_STATE
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<StartOptions, string> {
  const parsed = readArgs(args);
  if (!parsed.ok) return parsed;
  const { port = String(DEFAULT_PORT), host = HOST, state = env['HOLDFAST_STATE'] } = parsed.value;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    return err(`--port: expected a number from 0 (any free port) to 65535, got ${port}`);
  }
  if (host !== HOST)
    return err(`--host: expected ${HOST}, got ${host}: the local keys are known to everybody`);
  return ok({
    port: Number(port),
    state: state === undefined || state === '' ? DEFAULT_STATE : path.resolve(PROJECT, state),
    demo: parsed.value['no-demo'] !== true,
    help: parsed.value.help === true,
  });
}

function readArgs(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        state: { type: 'string' },
        'no-demo': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return ok(values);
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}
