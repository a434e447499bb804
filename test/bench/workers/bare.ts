/**
 * What serving costs without a model: a Hono handler that parses the body and answers a constant.
 */
import { Hono } from 'hono';

const app = new Hono<{ Bindings: { ANSWER: string } }>();

app.post('*', async (c) => {
  await c.req.json();
  return c.body(c.env.ANSWER, 200, { 'content-type': 'application/json' });
});

export default app;
