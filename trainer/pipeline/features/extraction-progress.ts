/**
 * How far bases have come with their examples, told now and then: what is done of all, how fast, and how long the rest
 * takes at most: some of it may be stored already.
 */
import { type Host, reportProgress, type RunFiles } from '../../run/context.ts';

/** Every telling is a write, and there are batches of milliseconds. */
const TELL_EVERY_MS = 1_000;

export interface PortionProgress {
  /**
   * @param done   examples of the portion, whoever computed them
   * @param fresh  how many were computed since the last time
   */
  reached(done: number, fresh: number): Promise<void>;
}

export interface ExtractionProgress {
  /** For one portion; several may be under way. */
  open(): PortionProgress;
}

/** @param examples  of all portions together */
export function createExtractionProgress(
  ctx: Pick<Host, 'now' | 'onProgress'> & Pick<RunFiles, 'attempt'>,
  step: string,
  examples: number,
): ExtractionProgress {
  const startMs = ctx.now().getTime();
  let toldMs = Number.NEGATIVE_INFINITY;
  let done = 0;
  let computed = 0;
  const report = async (): Promise<void> => {
    const nowMs = ctx.now().getTime();
    if (nowMs - toldMs < TELL_EVERY_MS && done < examples) return;
    toldMs = nowMs;
    const pace = describePace(computed, examples - done, (nowMs - startMs) / 1_000);
    const message = `${format(done)} of ${format(examples)} examples${pace}`;
    await reportProgress(ctx, step, examples === 0 ? 1 : done / examples, message);
  };
  return {
    open() {
      let mine = 0;
      return {
        async reached(now, fresh) {
          // A step that is repeated begins again where the last one that was finished ended.
          done += now - mine;
          mine = now;
          computed += fresh;
          await report();
        },
      };
    },
  };
}

/** `, 38 a second, at most 73 s left`; nothing before anything was computed. */
function describePace(computed: number, left: number, seconds: number): string {
  if (computed === 0 || seconds <= 0) return '';
  const rate = computed / seconds;
  const pace = `, ${rate < 10 ? rate.toFixed(1) : format(Math.round(rate))} a second`;
  return left === 0 ? pace : `${pace}, at most ${format(Math.ceil(left / rate))} s left`;
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
