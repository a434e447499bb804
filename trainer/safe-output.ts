/**
 * What goes to a terminal or a log is text: whatever a label, a reason, a name or a server's answer holds, it can't move
 * the cursor, change colours or titles, hide what stands there, or turn it around. Control characters are shown as
 * `\u001b`, and the password of a URL is not shown at all. Only what we style ourselves reaches a terminal as it is.
 */
import { randomHex } from '../shared/digest.ts';
import { printable } from '../shared/printable.ts';

/** Stands for the escape character and the carriage return in what is ours. Nobody else knows it. */
const SEAL = `holdfast-${randomHex(8)}-`;
const ESCAPE = `${SEAL}e`;
const RETURN = `${SEAL}r`;

let isInstalled = false;

/** A control sequence of our own, with no text of others in it: it passes. */
export function ours(sequence: string): string {
  return isInstalled ? sequence.replaceAll('\u001b', ESCAPE).replaceAll('\r', RETURN) : sequence;
}

/** Styled text of anybody's: the text is made printable first, so the controls are ours. */
export function styled(text: string, apply: (text: string) => string): string {
  return ours(apply(printable(text)));
}

/** Without the controls, ours included: for measuring what will be seen. */
export function withoutStyles(text: string): string {
  return text.replaceAll(ESCAPE, '\u001b').replaceAll(RETURN, '\r');
}

/** From here on everything this process prints is made printable, by whomever. Again and again does it once. */
export function installSafeOutput(): void {
  if (isInstalled) return;
  isInstalled = true;
  for (const stream of [process.stdout, process.stderr]) {
    guardStream(stream);
    stream.on('error', endWithReader);
  }
}

/** `… | head` closes the pipe when it has enough: there is nobody left to write for, and that is no failure. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

interface Guarded {
  readonly isTTY?: boolean;
  write: NodeJS.WriteStream['write'];
}

/** Bytes for a file or a pipe pass: they are somebody's document. */
export function guardStream(stream: Guarded): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]) => {
    if (typeof chunk === 'string') return write(show(chunk), ...rest);
    const isShown = stream.isTTY === true && chunk instanceof Uint8Array;
    return write(isShown ? show(new TextDecoder().decode(chunk)) : chunk, ...rest);
  };
}

function show(text: string): string {
  return withoutStyles(printable(withoutPasswords(text)));
}

/** `https://…@host`: neither who, nor by what. */
export function withoutPasswords(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>]*@/gi, '$1…@');
}
