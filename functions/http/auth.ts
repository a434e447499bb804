/**
 * Bearer keys and their scopes (RFC 6750). Fails closed: no keys, no access.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { ApiKey, Scope } from '../config.ts';
import { STORED_TOKEN, type StoredKeys } from '../stored-keys.ts';

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
  /**
   * Finds out about a key that is not known yet: whoever is refused as unauthenticated may be let in after. Null where
   * there is nothing to find out.
   *
   * @returns false when it could not be found out now
   */
  learn(authorization: string | null): Promise<boolean> | null;
  /** Admits a caller who has at least one of the scopes; without a key, for what is public. */
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
  /** Of a key that is asked for again from time to time. */
  readonly stored: string | null;
}

/** Far longer than any key, and short enough that a wrong one costs nothing to digest. */
const MAX_TOKEN_CHARACTERS = 1_024;
const MAX_KNOWN = 10_000;

/** The keys of local development: known to everybody, so they work from this machine to this machine only. */
const LOCAL_CALLERS: Readonly<Record<string, Caller>> = {
  'local-predict': { name: 'local-predict', scopes: ['predict'] },
  'local-feedback': { name: 'local-feedback', scopes: ['feedback'] },
  'local-operate': { name: 'local-operate', scopes: ['operate'] },
};

/**
 * @param keys       the deployment's keys; looked up by the token's SHA-256, so comparing takes no secret-dependent time
 * @param localKeys  whether the known local keys are admitted on loopback
 * @param stored     the keys in the bucket; none where it is left out
 * @param publicScopes  what whoever brings no key at all may do; a wrong key stays a wrong key
 */
export function createAuthenticator(
  keys: readonly ApiKey[],
  localKeys: boolean,
  stored: StoredKeys | null = null,
  publicScopes: readonly Scope[] = [],
): Authenticator {
  const byDigest = new Map(keys.map((key) => [key.sha256, key]));
  const open = byDigest.size > 0 || localKeys || publicScopes.length > 0;
  const isPublic = (scopes: readonly Scope[]) => scopes.some((scope) => publicScopes.includes(scope));
  /**
   * Headers that were admitted: to take one apart and digest its token for every request would be a tenth of what a
   * small model costs. The spelling is the client's, so there may be more headers than keys.
   */
  const known = new Map<string, Identity>();
  const remember = (authorization: string, identity: Identity): void => {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(authorization, identity);
  };
  const lookUp = (token: string): Identity | null =>
    token.length > MAX_TOKEN_CHARACTERS ? null : identify(token, byDigest, localKeys, stored);
  const isStillKnown = ({ stored: sha256 }: Identity): boolean =>
    sha256 === null || (stored?.known(sha256) ?? null) !== null;
  const authenticate = (credentials: Credentials): Result<Caller, AuthError> => {
    const authorization = credentials.authorization ?? '';
    let identity = known.get(authorization) ?? null;
    if (identity === null || !isStillKnown(identity)) {
      known.delete(authorization);
      const token = tokenOf(authorization);
      identity = token === null ? null : lookUp(token);
      if (identity === null && !open)
        return unauthenticated('this deployment has no keys: set HOLDFAST_KEYS');
      if (token === null) return unauthenticated('expected the header Authorization: Bearer <key>');
      if (identity === null) return unauthenticated('the key is not known');
      remember(authorization, identity);
    }
    return !identity.local || isLocal(credentials)
      ? ok(identity.caller)
      : forbidden('local keys work from this machine to localhost only');
  };
  return {
    open,
    learn(authorization) {
      const token = stored === null || authorization === null ? null : tokenOf(authorization);
      if (token === null || !STORED_TOKEN.test(token)) return null;
      const sha256 = sha256Hex(token);
      return byDigest.has(sha256) ? null : (stored?.learn(sha256) ?? null);
    },
    authorize: (credentials, scopes) => {
      // Named by its address, which the rate limit then goes by.
      if (credentials.authorization === null && isPublic(scopes))
        return ok({ name: `public ${credentials.clientAddress() ?? ''}`.trim(), scopes: publicScopes });
      const caller = authenticate(credentials);
      return caller.ok ? permit(caller.value, scopes) : caller;
    },
  };
}

/** Whose token it is; null where nobody knows it. */
function identify(
  token: string,
  byDigest: ReadonlyMap<string, ApiKey>,
  localKeys: boolean,
  stored: StoredKeys | null,
): Identity | null {
  const sha256 = sha256Hex(token);
  const caller = byDigest.get(sha256);
  if (caller !== undefined) return { caller, local: false, stored: null };
  const found = stored?.known(sha256) ?? null;
  if (found !== null) return { caller: found, local: false, stored: sha256 };
  const local = localKeys && Object.hasOwn(LOCAL_CALLERS, token) ? LOCAL_CALLERS[token] : undefined;
  return local === undefined ? null : { caller: local, local: true, stored: null };
}

function tokenOf(authorization: string): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
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
