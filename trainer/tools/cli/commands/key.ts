/**
 * `holdfast key create`: a bearer key. The deployment gets its SHA-256; the key itself is shown once and kept nowhere.
 */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { sha256Hex } from '../../../../shared/digest.ts';
import { createContext } from '../context.ts';
import { usageError } from '../failure.ts';
import { style } from '../output.ts';
import { commaList, example } from './options.ts';

const SCOPES: readonly string[] = ['predict', 'feedback', 'operate'];
const TOKEN_BYTES = 32;

interface KeyOptions {
  readonly name: string;
  readonly scope: readonly string[];
}

export function addKeyCommands(program: Command): void {
  program
    .command('key')
    .description('bearer keys')
    .command('create')
    .description('make a key and the entry that lets it in')
    .requiredOption('--name <who>', 'who uses it, as the history will show it')
    .requiredOption('--scope <scopes>', `what it may do: ${SCOPES.join(', ')}`, commaList)
    .addHelpText('after', example('key create --name app --scope predict,feedback'))
    .action((options: KeyOptions, command: Command) => {
      const context = createContext(command);
      const { name, scope } = options;
      const wrong = scope.find((item) => !SCOPES.includes(item));
      if (wrong !== undefined)
        throw usageError(`--scope: expected some of ${SCOPES.join(', ')}, got ${JSON.stringify(wrong)}`);
      const token = `hf_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      const entry = { name, sha256: sha256Hex(token), scopes: [...new Set(scope)] };
      context.print({ token, entry }, () =>
        [
          `key    ${style('bold', token)}  (shown once: keep it now)`,
          `entry  ${JSON.stringify(entry)}`,
          'Add the entry to the JSON array in HOLDFAST_KEYS: npx wrangler secret put HOLDFAST_KEYS',
        ].join('\n'),
      );
    });
}
