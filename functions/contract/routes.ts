/**
 * `/openapi.json` and `/docs`: the contract, for programs and for people, with the viewer that shows it. All are the
 * same in every deployment of this version and name no model, key or limit, so there is nothing for a key to protect.
 */
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { errorResponse } from '../http/http.ts';
import { describeCause, type Log } from '../log.ts';

/**
 * The files in assets/, as static assets of the trainer. A Worker that has assets of its own has the platform's router in
 * front of each of its requests, which locally costs more than a small prediction.
 */
export interface Assets {
  fetch(request: Request): Promise<Response>;
}

/**
 * The page runs the viewer that lies beside it and asks this deployment alone: for the contract, and for what a reader
 * tries. The viewer styles itself.
 */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What the page loads: RapiDoc, as it is published (docs/protocols.md). */
export const VIEWER_PATH = '/docs/rapidoc.js';

/** @param assets  null: this deployment has no trainer bound */
export function createContractRoutes(assets: Assets | null, log: Log): Hono {
  const routes = new Hono();
  const find = async (c: Context): Promise<Response> => {
    if (assets === null) return unavailable(c);
    try {
      return await assets.fetch(c.req.raw);
    } catch (cause) {
      log.error('contract-unavailable', { cause: describeCause(cause) });
      return unavailable(c);
    }
  };
  routes.get('/openapi.json', find);
  routes.get(VIEWER_PATH, find);
  routes.get('/docs', async (c) => {
    const page = await find(c);
    const headers = new Headers(page.headers);
    headers.set('Content-Security-Policy', PAGE_POLICY);
    return new Response(page.body, { status: page.status, headers });
  });
  return routes;
}

function unavailable(c: Context): Response {
  const detail = 'the contract lies beside the trainer, and this deployment does not reach it';
  return errorResponse(c, { kind: 'trainer-unavailable', detail });
}
