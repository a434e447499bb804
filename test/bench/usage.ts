/**
 * The command line of a bench script: its options, or a usage text.
 */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** Prints what is wrong and the usage, and ends the process: it was asked for wrongly. */
export function refuseUsage(problem: string, help: string): never {
  process.stderr.write(`${problem}\n\n${help}`);
  process.exit(2);
}

/**
 * The options' values. `--help` prints the usage and ends the process with 0, an option that is none with 2.
 *
 * @param help  what the command is, and every option of it
 */
export function readOptions<T extends ParseArgsOptionsConfig>(options: T, help: string) {
  try {
    const { values } = parseArgs({
      strict: true,
      options: { ...options, help: { type: 'boolean', short: 'h', default: false } },
    });
    if ((values as { readonly help?: boolean }).help !== true) return values;
  } catch (cause) {
    refuseUsage(cause instanceof Error ? cause.message : String(cause), help);
  }
  process.stdout.write(help);
  process.exit(0);
}

/** A whole number from 1 on. */
export function readCount(option: string, text: string, help: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  refuseUsage(`${option}: expected a whole number from 1 on, got ${text}`, help);
}

/** Names out of a list, separated by commas. */
export function readNames(option: string, text: string, known: readonly string[], help: string): string[] {
  const names = text.split(',');
  const strange = names.find((name) => !known.includes(name));
  if (strange === undefined) return names;
  refuseUsage(`${option}: expected ${known.join(', ')}, got ${JSON.stringify(strange)}`, help);
}
