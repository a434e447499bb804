/**
 * `holdfast spec`: what was said about a model, and changing what may change.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { loadSpec, replaceSpec } from '../../../../../shared/model/spec/load-spec.ts';
import { describeIssues } from '../../../../../shared/registry/store/json.ts';
import { specSchema } from '../../../../../shared/model/spec/spec.ts';
import { reasonOf } from '../../../../data-import/readers/input-file.ts';
import { createContext } from '../../context.ts';
import { unwrap, usageError } from '../../failure.ts';
import { describeSpec } from '../../spec-text.ts';
import { example } from '../../options.ts';

/** `holdfast spec get` and `set`; the salt is never shown. */
export function addSpecCommands(program: Command): void {
  const spec = program.command('spec').description("a model's spec: get, set");
  spec
    .command('get <model>')
    .description('print the spec; with --json as it may be edited and set again')
    .addHelpText('after', example('spec get digits --json > digits.json'))
    .action(async (model: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const loaded = unwrap(await loadSpec(context.openStore(), model));
      // Who knows the salt can forge prediction ids and aim examples at the holdout.
      const { salt: _, ...shown } = loaded.spec;
      context.print(shown, () => describeSpec(loaded.spec));
    });
  spec
    .command('set <model> <file>')
    .description(
      'change the spec to what a JSON file says; input and base stay as they are, labels may be added after those there are',
    )
    .addHelpText('after', example('spec set digits digits.json'))
    .action(async (model: string, path: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const store = context.openStore();
      const current = unwrap(await loadSpec(store, model));
      const wanted = await readSpec(path, current.spec.salt);
      const saved = unwrap(await replaceSpec(store, current, wanted));
      const { salt: _, ...shown } = saved;
      context.print(shown, () => `changed ${model}\n${describeSpec(saved)}`);
    });
}

/** The file need not have the salt, which `spec get` does not show. */
async function readSpec(path: string, salt: string) {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw usageError(`${path}: ${error instanceof SyntaxError ? 'expected JSON' : reasonOf(error)}`);
  }
  const parsed = specSchema.safeParse({ salt, ...Object(value) });
  if (!parsed.success) throw usageError(`${path}: ${describeIssues(parsed.error)}`);
  return parsed.data;
}
