/**
 * `holdfast doctor`: whether the store keeps what we rely on.
 */
import type { Command } from 'commander';
import { clockSkewMs } from '../../../../node/clock-skew.ts';
import {
  checkStore,
  type StoreFinding,
  FULL_CHECKS,
  isFit,
  type StoreCheck,
} from '../../../../node/store-checks.ts';
import { createContext } from '../../context.ts';
import { Failure } from '../../failure.ts';
import { createProgressLine, formatTable, style } from '../../output.ts';
import { example, wholeNumber } from '../../options.ts';

interface DoctorOptions {
  readonly writers: number;
}

/** S3 refuses what was signed more than 15 minutes away. */
const MOST_SKEW_MS = 60_000;

/** `holdfast doctor`: ends with 1 where a promise was not kept. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'try whether the store keeps what we rely on: writes that must not overwrite, one winner of many, reads after writes, whole lists; under doctor/, which is emptied again',
    )
    .option('--writers <n>', 'who write one key at once', wholeNumber(2), FULL_CHECKS.writers)
    .addHelpText(
      'after',
      example('doctor', 'doctor --store s3://models --endpoint https://<account>.r2.cloudflarestorage.com'),
    )
    .action(async ({ writers }: DoctorOptions, command: Command) => {
      const context = createContext(command);
      const progress = createProgressLine();
      const store = context.openStore();
      const checks = await checkStore(store, {
        ...FULL_CHECKS,
        writers,
        now: () => Date.now(),
        onCheck: ({ name }) => progress.update(name),
      }).finally(() => progress.close());
      const clock = await checkClock(context.storeEndpoint);
      const all = clock === null ? checks : [...checks, clock];
      const fit = isFit(all);
      context.print({ store: context.storeName, fit, checks: all }, () =>
        describe(context.storeName, all, fit),
      );
      if (!fit)
        throw new Failure(
          `${context.storeName} must not be used: ${all
            .filter(({ finding }) => finding === 'unfit')
            .map(({ name }) => name)
            .join('; ')} (not so)`,
          1,
          { kind: 'unfit-store' },
        );
    });
}

async function checkClock(endpoint: string | null): Promise<StoreCheck | null> {
  if (endpoint === null) return null;
  const began = Date.now();
  const skew = await clockSkewMs(endpoint, () => Date.now());
  if (skew === null) return null;
  const seconds = Math.round(Math.abs(skew) / 1_000);
  return {
    name: 'the clocks agree',
    finding: Math.abs(skew) > MOST_SKEW_MS ? 'unfit' : 'ok',
    detail: `within ${seconds} s${Math.abs(skew) > MOST_SKEW_MS ? ': set the clock of this machine' : ''}`,
    ms: Date.now() - began,
  };
}

const WORDS: Readonly<Record<StoreFinding, string>> = { ok: 'ok', slow: 'slow', unfit: 'NOT SO' };
const COLOURS = { ok: 'green', slow: 'yellow', unfit: 'red' } as const;

function describe(name: string, checks: readonly StoreCheck[], fit: boolean): string {
  const table = formatTable(
    [{ title: 'WHAT WE RELY ON' }, { title: '' }, { title: 'MS', align: 'right' }, { title: 'SEEN' }],
    checks.map(({ name: what, finding, detail, ms }) => [
      what,
      style(COLOURS[finding], WORDS[finding]),
      String(Math.round(ms)),
      detail,
    ]),
  );
  return fit ? `${table}\n${name} can be used` : table;
}
