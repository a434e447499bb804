/**
 * Option values as commands want them; a bad one is a usage error that names its option.
 */
import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers from a least one on. */
export function wholeNumber(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`expected a whole number from ${minimum} on, got ${JSON.stringify(text)}`);
  };
}

/** A number in any of JavaScript's spellings; neither empty nor infinite. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number, got ${JSON.stringify(text)}`);
}

/** `a,b,c`; spaces around the commas don't count. */
export function commaList(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === ''))
    throw new InvalidArgumentError(`expected a list like a,b,c, got ${JSON.stringify(text)}`);
  return items;
}

/** A parser of one of some words. */
export function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw new InvalidArgumentError(`expected ${choices.join(', ')}, got ${JSON.stringify(text)}`);
  };
}

/** For options that may stand several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** Help that ends with how the command is really called. */
export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ npx holdfast ${line}`).join('\n')}`;
}
