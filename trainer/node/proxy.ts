/**
 * HTTP(S)_PROXY as other command lines honour it: for `fetch` and for the S3 client. This machine is never behind one.
 */
import * as http from 'node:http';
import * as https from 'node:https';

type Environment = Readonly<Record<string, string | undefined>>;

/** As Node's agents take it: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
type ProxyFacts = Record<string, string>;

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** null: no proxy is set. Lower-case names win, as in curl; ALL_PROXY is for whatever has none of its own. */
export function proxyOf(env: Environment): ProxyFacts | null {
  const all = env['all_proxy'] ?? env['ALL_PROXY'];
  const plain = env['http_proxy'] ?? env['HTTP_PROXY'] ?? all;
  const secure = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? all;
  if (!plain && !secure) return null;
  const except = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(',').map((steps) => steps.trim());
  return {
    ...(plain ? { HTTP_PROXY: plain } : {}),
    ...(secure ? { HTTPS_PROXY: secure } : {}),
    NO_PROXY: [...new Set([...except.filter((steps) => steps !== ''), ...LOOPBACK])].join(','),
  };
}

/** For `fetch` in this process. Node honours the variables by itself only where NODE_USE_ENV_PROXY was set before. */
export function useProxy(env: Environment): void {
  const proxy = proxyOf(env);
  if (proxy !== null) http.setGlobalProxyFromEnv(proxy);
}

/** Agents for a client that brings its own; null where there is no proxy. */
export function proxyAgents(
  env: Environment,
): { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent } | null {
  const proxyEnv = proxyOf(env);
  if (proxyEnv === null) return null;
  const options = { keepAlive: true, maxSockets: 50, proxyEnv };
  return { httpAgent: new http.Agent(options), httpsAgent: new https.Agent(options) };
}
