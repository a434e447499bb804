/**
 * Bearer keys and their scopes (RFC 6750). Fails closed: no keys, no access.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { ApiKey, Scope } from '../config.ts';

export type AuthError =
  | { readonly kind: 'unauthenticated'; readonly detail: string }
  | { readonly kind: 'forbidden'; readonly detail: string };

/** Who is asking, and from where to where. */
export interface Credentials {
  /** the Authorization header */
  readonly authorization: string | null;
  /** as the client wrote it */
  readonly url: string;
  /** the client's address; null when the platform did not say. Asked for local keys only */
  readonly clientAddress: () => string | null;
}

export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface Authenticator {
  /** Whether there is any key at all that could be admitted. */
  readonly open: boolean;
  /** Admits a caller who has at least one of the scopes. */
  authorize(credentials: Credentials, scopes: readonly Scope[]): Result<Caller, AuthError>;
}

/** Whether somebody who is known may do what one of the scopes is for. */
export function permit(caller: Caller, scopes: readonly Scope[]): Result<Caller, AuthError> {
  if (scopes.some((scope) => caller.scopes.includes(scope))) return ok(caller);
  const has = caller.scopes.join(', ');
  return forbidden(`this needs the scope ${scopes.join(' or ')}; the key ${caller.name} has ${has}`);
}

interface Identity {
  readonly caller: Caller;
  readonly local: boolean;
}

/** Far longer than any key, and short enough that a wrong one costs nothing to digest. */
const MAX_TOKEN_CHARACTERS = 1_024;
const MAX_KNOWN = 1_000;

/** The keys of local development: known to everybody, so they work from this machine to this machine only. */
const LOCAL_CALLERS: Readonly<Record<string, Caller>> = {
  'local-predict': { name: 'local-predict', scopes: ['predict'] },
  'local-feedback': { name: 'local-feedback', scopes: ['feedback'] },
  'local-operate': { name: 'local-operate', scopes: ['operate'] },
};

/**
 * @param keys       the deployment's keys; looked up by the token's SHA-256, so comparing takes no secret-dependent time
 * @param localKeys  whether the known local keys are admitted on loopback
 */
export function createAuthenticator(keys: readonly ApiKey[], localKeys: boolean): Authenticator {
  const byDigest = new Map(keys.map((key) => [key.sha256, key]));
  const open = byDigest.size > 0 || localKeys;
  /**
   * Headers that were admitted: to take one apart and digest its token for every request would be a tenth of what a
   * small model costs. The spelling is the client's, so there may be more headers than keys.
   */
  const known = new Map<string, Identity>();
  const remember = (authorization: string, identity: Identity): void => {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(authorization, identity);
  };
  const lookUp = (token: string): Identity | null => {
    if (token.length > MAX_TOKEN_CHARACTERS) return null;
    const caller = byDigest.get(sha256Hex(token));
    if (caller !== undefined) return { caller, local: false };
    const local = localKeys && Object.hasOwn(LOCAL_CALLERS, token) ? LOCAL_CALLERS[token] : undefined;
    return local === undefined ? null : { caller: local, local: true };
  };
  const authenticate = (credentials: Credentials): Result<Caller, AuthError> => {
    if (!open) return unauthenticated('this deployment has no keys: set HOLDFAST_KEYS');
    const authorization = credentials.authorization ?? '';
    let identity = known.get(authorization) ?? null;
    if (identity === null) {
      const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      if (token === undefined) return unauthenticated('expected the header Authorization: Bearer <key>');
      identity = lookUp(token);
      if (identity === null) return unauthenticated('the key is not known');
      remember(authorization, identity);
    }
    return !identity.local || isLocal(credentials)
      ? ok(identity.caller)
      : forbidden('local keys work from this machine to localhost only');
  };
  return {
    open,
    authorize: (credentials, scopes) => {
      const caller = authenticate(credentials);
      return caller.ok ? permit(caller.value, scopes) : caller;
    },
  };
}

/** Both ends must be loopback: the address keeps the network out, the host name keeps out DNS rebinding by a web page. */
function isLocal({ url, clientAddress }: Credentials): boolean {
  const address = clientAddress();
  return address !== null && isLoopback(address) && isLoopback(hostOf(url));
}

/** The host of a URL that the platform has put into its normal form: no user, no escapes. */
function hostOf(url: string): string {
  const start = url.indexOf('://') + 3;
  const end = url.indexOf('/', start);
  return url.slice(start, end === -1 ? undefined : end).replace(/:\d+$/, '');
}

function isLoopback(host: string): boolean {
  return (
    host === '127.0.0.1' ||
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(host)
  );
}

function unauthenticated(detail: string) {
  return err({ kind: 'unauthenticated' as const, detail });
}

function forbidden(detail: string) {
  return err({ kind: 'forbidden' as const, detail });
}
