/**
 * `holdfast key`: bearer keys. A deployment knows a key by its SHA-256; the key itself is shown once and kept nowhere.
 */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { sha256Hex } from '../../../../../shared/digest.ts';
import { putJson } from '../../../../../shared/registry/store/json.ts';
import { keys } from '../../../../../shared/registry/store/keys.ts';
import { type Context, createContext } from '../../context.ts';
import { Failure, usageError } from '../../failure.ts';
import { formatTable, style } from '../../output.ts';
import { findKeys, listKeys, type StoredKey } from '../../stored-keys.ts';
import { commaList, example } from '../../options.ts';

const SCOPES: readonly string[] = ['predict', 'feedback', 'operate'];
const TOKEN_BYTES = 32;
const SHOWN_DIGITS = 12;

interface KeyOptions {
  readonly name: string;
  readonly scope: readonly string[];
  readonly keep?: boolean;
}

/** `holdfast key create`, `list` and `revoke`. The bearer token is printed once. */
export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('bearer keys');
  key
    .command('create')
    .description('make a key; --keep puts it into the bucket, where it works at once')
    .requiredOption('--name <who>', 'who uses it, as the history will show it')
    .requiredOption('--scope <scopes>', `what it may do: ${SCOPES.join(', ')}`, commaList)
    .option('--keep', 'put it into the bucket, in place of an entry for HOLDFAST_KEYS')
    .addHelpText('after', example('key create --name app --scope predict,feedback --keep'))
    .action(async (options: KeyOptions, command: Command) => createKey(createContext(command), options));
  key
    .command('list')
    .description('the keys in the bucket; those in HOLDFAST_KEYS are not among them')
    .action(async (_options: unknown, command: Command) => {
      const context = createContext(command);
      const found = await listKeys(context.openStore());
      context.print({ keys: found }, () => describeKeys(found));
    });
  key
    .command('revoke <key>')
    .description(
      'take a key out of the bucket, by its name or the first digits of its SHA-256: refused within a minute',
    )
    .addHelpText('after', example('key revoke app'))
    .action(async (which: string, _options: unknown, command: Command) =>
      revokeKey(createContext(command), which),
    );
}

async function createKey(context: Context, { name, scope, keep = false }: KeyOptions): Promise<void> {
  const wrong = scope.find((item) => !SCOPES.includes(item));
  if (wrong !== undefined)
    throw usageError(`--scope: expected some of ${SCOPES.join(', ')}, got ${JSON.stringify(wrong)}`);
  if (name.length < 1 || name.length > 128) throw usageError('--name: expected 1 to 128 characters');
  const token = `hf_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  const entry = { name, sha256: sha256Hex(token), scopes: [...new Set(scope)] };
  if (keep) await keepKey(context, entry);
  context.print({ token, entry, kept: keep }, () =>
    [
      `key    ${style('bold', token)}  (shown once: keep it now)`,
      `entry  ${JSON.stringify(entry)}`,
      keep
        ? `It is in the bucket, as ${keys.apiKey(entry.sha256)}, and works now`
        : 'Add the entry to the JSON array in HOLDFAST_KEYS: npx wrangler secret put HOLDFAST_KEYS. Or make it with --keep, which puts it into the bucket: a secret holds some forty',
    ].join('\n'),
  );
}

async function keepKey(
  context: Context,
  {
    name,
    sha256,
    scopes,
  }: { readonly name: string; readonly sha256: string; readonly scopes: readonly string[] },
): Promise<void> {
  const createdAt = context.now().toISOString();
  const record = { format: 'holdfast-key/1', name, scopes, createdAt, createdBy: context.by.slice(0, 256) };
  await putJson(context.openStore(), keys.apiKey(sha256), record, { absent: true });
}

async function revokeKey(context: Context, which: string): Promise<void> {
  const store = context.openStore();
  const found = await findKeys(store, which);
  const [only] = found;
  if (only === undefined)
    throw new Failure(`the bucket has no key ${JSON.stringify(which)}`, 1, { kind: 'unknown-key' });
  if (found.length > 1) {
    const digests = found.map(({ sha256 }) => sha256.slice(0, SHOWN_DIGITS)).join(', ');
    throw new Failure(
      `${found.length} keys are called ${JSON.stringify(which)}: name one by its digits (${digests})`,
      1,
      {
        kind: 'ambiguous-key',
      },
    );
  }
  await store.delete(keys.apiKey(only.sha256));
  context.print(
    { revoked: only },
    () => `revoked ${only.name} (${only.sha256.slice(0, SHOWN_DIGITS)}): refused within a minute`,
  );
}

function describeKeys(found: readonly StoredKey[]): string {
  if (found.length === 0) return 'there are no keys in the bucket';
  const columns = ['name', 'sha256', 'scopes', 'created', 'by'].map((title) => ({ title }));
  return formatTable(
    columns,
    found.map(({ name, sha256, scopes, createdAt, createdBy }) => [
      name,
      sha256.slice(0, SHOWN_DIGITS),
      scopes.join(' '),
      createdAt.slice(0, 19),
      createdBy,
    ]),
  );
}
