/**
 * What accepting a label costs without a label: a Hono handler that parses the body and puts it as one object.
 */
import { Hono } from 'hono';
import type { R2Bucket } from '@cloudflare/workers-types';

const app = new Hono<{ Bindings: { BUCKET: R2Bucket } }>();

app.post('/v1/*', async (c) => {
  const body: unknown = await c.req.json();
  await c.env.BUCKET.put(`inbox/${crypto.randomUUID()}`, JSON.stringify(body));
  return c.json({ accepted: 1 }, 202);
});

export default app;
