/**
 * Sending a notice to a webhook, as the Standard Webhooks specification signs it (standardwebhooks.com): HMAC-SHA256 over
 * `id.timestamp.body`, with the id as the key by which a receiver knows a repetition.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Notice } from '../../shared/registry/notices.ts';

export interface Webhook {
  readonly url: URL;
  /** null: not signed */
  readonly secret: Uint8Array | null;
  readonly shape: 'holdfast' | 'slack';
}

export type Send = (url: URL, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 10_000;
const encoder = new TextEncoder();

/** Names that lead to this machine or to a network behind it. */
const PRIVATE_NAME =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|test|invalid|onion|arpa)$/;

/**
 * A webhook from its variables. `https` only, and no address or name of a private network: a notice is no way into one.
 *
 * @param secret  `whsec_` and base64, or empty
 */
export function parseWebhook(url: string, secret: string, shape: string): Result<Webhook | null, string> {
  if (url === '') return ok(null);
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || parsed.protocol !== 'https:')
    return err('HOLDFAST_WEBHOOK_URL: expected an https URL');
  if (parsed.username !== '' || parsed.password !== '')
    return err('HOLDFAST_WEBHOOK_URL: expected no user and no password');
  if (isPrivateHost(parsed.hostname))
    return err(`HOLDFAST_WEBHOOK_URL: expected a public host, got ${parsed.hostname}`);
  const key = parseSecret(secret);
  if (key === undefined) return err('HOLDFAST_WEBHOOK_SECRET: expected whsec_ and 24 to 64 bytes in base64');
  if (shape !== 'holdfast' && shape !== 'slack')
    return err('HOLDFAST_WEBHOOK_SHAPE: expected holdfast or slack');
  return ok({ url: parsed, secret: key, shape });
}

/** URL parsing has brought every way of writing an IPv4 address (octal, hexadecimal, one number) into its normal form. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  // Of IPv6 nothing is taken by its address: too many forms lead to IPv4 ones.
  if (host.startsWith('[')) return true;
  const numbers = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host)?.slice(1).map(Number);
  if (numbers === undefined) return !host.includes('.') || PRIVATE_NAME.test(host);
  const [a = 0, b = 0, c = 0] = numbers;
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113)
  );
}

function parseSecret(text: string): Uint8Array | null | undefined {
  if (text === '') return null;
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  if (base64 === undefined || base64.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined;
}

/**
 * Sends one notice once. Anything but a 2xx within ten seconds is a failure; a redirect too, which is not followed: it
 * could lead where `parseWebhook` does not let a URL lead.
 */
export async function sendNotice(
  webhook: Webhook,
  notice: Notice,
  now: Date,
  send: Send,
): Promise<Result<null, string>> {
  const body = JSON.stringify(webhook.shape === 'slack' ? { text: notice.text } : notice);
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'webhook-id': notice.id,
    'webhook-timestamp': timestamp,
  };
  if (webhook.secret !== null)
    headers['webhook-signature'] = await sign(webhook.secret, `${notice.id}.${timestamp}.${body}`);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await send(webhook.url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    if (response.ok) return ok(null);
    const redirected = response.status >= 300 && response.status < 400;
    return err(redirected ? 'it redirects, which is not followed' : `it answered ${response.status}`);
  } catch (cause) {
    const late = cause instanceof Error && cause.name === 'TimeoutError';
    return err(late ? `no answer within ${TIMEOUT_MS / 1_000} s` : `it can't be reached: ${String(cause)}`);
  }
}

/** `v1,` and the signature in base64. */
export async function sign(secret: Uint8Array, text: string): Promise<string> {
  const raw = secret as Uint8Array<ArrayBuffer>;
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  return `v1,${btoa(String.fromCharCode(...signature))}`;
}
