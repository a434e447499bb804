/**
 * Entry of `npx holdfast`: runs a command; turns what went wrong into one line and an exit code
 * (0 done, 1 could not be done, 2 asked for wrongly).
 */
import { CommanderError } from 'commander';
import { useProxy } from '../../../node/proxy.ts';
import { StoreError } from '../../../node/s3-errors.ts';
import { installSafeOutput } from '../../../safe-output.ts';
import { Failure } from '../failure.ts';
import { style } from '../output.ts';
import { createProgram } from './program.ts';

const USAGE = 2;

installSafeOutput();

try {
  useProxy(process.env);
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  const message = error instanceof Error ? error.message : String(error);
  if (process.argv.includes('--json')) {
    const facts = error instanceof Failure ? error.facts : { kind: 'outage' };
    console.error(JSON.stringify({ error: message, ...facts }));
  } else {
    const known = error instanceof Failure || error instanceof StoreError;
    const hint = known || process.env['DEBUG'] ? '' : ' (unexpected; DEBUG=1 shows where)';
    console.error(`${style('red', 'error')}: ${message.split('\n')[0]}${hint}`);
  }
  if (process.env['DEBUG']) console.error(error);
  return error instanceof Failure ? error.exitCode : 1;
}
