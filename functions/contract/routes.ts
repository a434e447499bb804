/**
 * `/openapi.json` and `/docs`: the contract, for programs and for people. Both are the same in every deployment of this
 * version and name no model, key or limit, so there is nothing for a key to protect.
 */
import { Hono } from 'hono';

/** The page styles itself, and neither loads nor runs anything. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function createContractRoutes(): Hono {
  const routes = new Hono();
  routes.get('/openapi.json', async (c) => c.json(await loadContract()));
  routes.get('/docs', async (c) => {
    const { renderPage } = await import('./page.ts');
    const page = renderPage(await loadContract(), new URL(c.req.url).origin);
    return c.html(page, 200, { 'Content-Security-Policy': PAGE_POLICY });
  });
  return routes;
}

/** Imported when somebody asks: until then it is text that an isolate's start skips. */
async function loadContract(): Promise<object> {
  const { default: contract } = await import('./openapi.json', { with: { type: 'json' } });
  return contract;
}
