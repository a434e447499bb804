/**
 * What the Workers log, as lines for a person: `14:03:11  run-finished  model=digits run=… `.
 */
import { styleText } from 'node:util';
import { printable } from '../../../shared/printable.ts';
import { ours } from '../../safe-output.ts';

/** One message of the runtime. */
export interface RuntimeLog {
  /** milliseconds since the epoch */
  readonly timestamp: number;
  readonly level: string;
  readonly message: string;
}

const LOUD = new Set(['error', 'warn']);

/**
 * One line an event, and the lines of a stack below it. Null for what is empty, or the runtime's own chatter.
 *
 * @param colour  whether errors are marked with colour: on a terminal only
 */
export function formatLog({ timestamp, level, message }: RuntimeLog, colour: boolean): string | null {
  const text = message.trim();
  if (text === '' || isChatter(text)) return null;
  const time = new Date(timestamp).toTimeString().slice(0, 8);
  const line = printable(`${time}  ${LOUD.has(level) ? `${level}  ` : ''}${formatEvent(text)}`);
  return colour && LOUD.has(level)
    ? ours(styleText(level === 'error' ? 'red' : 'yellow', line, { validateStream: false }))
    : line;
}

/** Known to be harmless: workerd on a connection that a client closed. */
function isChatter(text: string): boolean {
  return /disconnected: |Broken pipe|Connection reset by peer/.test(text);
}

/** `{"event": "x", "a": 1}` as `x  a=1`; anything else as it is. */
function formatEvent(text: string): string {
  const facts = parseFacts(text);
  if (facts === null) return text;
  const { event, ...rest } = facts;
  const words = Object.entries(rest).map(([name, value]) => `${name}=${formatValue(value)}`);
  return [String(event), words.join(' ')].filter((part) => part !== '').join('  ');
}

function parseFacts(text: string): Record<string, unknown> | null {
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'event' in value ? { ...value } : null;
  } catch {
    return null;
  }
}

function formatValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) || value.includes('\n') ? value : JSON.stringify(value);
}
