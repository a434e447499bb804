/**
 * HTTP to the local process, with the keys that everybody knows: one call, and what came back.
 */
import { describeIssues, type Schema } from '../../../shared/registry/store/json.ts';

export type Scope = 'predict' | 'feedback' | 'operate';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** parsed where it is JSON, else the text */
  readonly body: unknown;
}

export interface Client {
  readonly url: string;
  call(scope: Scope, method: 'GET' | 'POST', route: string, body?: unknown): Promise<Answer>;
  /** As `call`, and the body as the schema says. Throws an Error with the answer where the status is not 2xx. */
  ask<T>(schema: Schema<T>, scope: Scope, method: 'GET' | 'POST', route: string, body?: unknown): Promise<T>;
}

const TIMEOUT_MS = 30_000;

/** @param url  without a slash at its end */
export function createClient(url: string): Client {
  const call: Client['call'] = async (scope, method, route, body) => {
    const answer = await fetch(`${url}${route}`, {
      method,
      headers: { authorization: `Bearer local-${scope}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: parseBody(await answer.text()) };
  };
  return {
    url,
    call,
    ask: async (schema, scope, method, route, body) => {
      const answer = await call(scope, method, route, body);
      if (answer.status >= 300) {
        throw new Error(`${method} ${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      const parsed = schema.safeParse(answer.body);
      if (!parsed.success) throw new Error(`${method} ${route}: ${describeIssues(parsed.error)}`);
      return parsed.data;
    },
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
