/**
 * How far something is: one line that is written over on a terminal, one line a stage elsewhere.
 */
import { ours } from '../../safe-output.ts';
import type { Terminal } from './terminal.ts';

const CELLS = 30;

export interface Gauge {
  show(text: string, fraction: number): void;
  end(): void;
}

/** A gauge of one terminal or file. */
export function createGauge(out: Terminal): Gauge {
  let shown = '';
  return {
    show: (text, fraction) => {
      const full = Math.round(CELLS * Math.min(1, Math.max(0, fraction)));
      if (out.isTTY === true) {
        const room = Math.max(20, (out.columns ?? 100) - CELLS - 4);
        out.write(
          `${ours('\r\u001B[2K')}${'█'.repeat(full)}${'░'.repeat(CELLS - full)}  ${text.slice(0, room)}`,
        );
        shown = text;
        return;
      }
      const stage = text.split(',')[0] ?? text;
      if (stage !== shown) out.write(`${stage}\n`);
      shown = stage;
    },
    end: () => {
      if (out.isTTY === true && shown !== '') out.write(ours('\r\u001B[2K'));
      shown = '';
    },
  };
}
