/**
 * `/openapi.json` and `/docs`: the contract, for programs and for people. Both are the same in every deployment of this
 * version and name no model, key or limit, so there is nothing for a key to protect.
 */
import { Hono } from 'hono/tiny';

/** The generated files, as the platform's static assets serve them. */
export interface Assets {
  fetch(request: Request): Promise<Response>;
}

/** The page styles itself, and neither loads nor runs anything. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function createContractRoutes(assets: Assets): Hono {
  const routes = new Hono();
  routes.get('/openapi.json', (c) => assets.fetch(c.req.raw));
  routes.get('/docs', async (c) => {
    const page = await assets.fetch(c.req.raw);
    const headers = new Headers(page.headers);
    headers.set('Content-Security-Policy', PAGE_POLICY);
    return new Response(page.body, { status: page.status, headers });
  });
  return routes;
}
