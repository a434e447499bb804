/**
 * What serving costs without a model: a Hono handler that parses the body and answers a constant. A body with bytes
 * behind its JSON is parsed as the Open Inference Protocol writes it, and answered with bytes.
 */
import { Hono } from 'hono';

const app = new Hono<{ Bindings: { ANSWER: string; BINARY_ANSWER: ArrayBuffer } }>();

app.post('/v1/*', async (c) => {
  await c.req.json();
  return c.body(c.env.ANSWER, 200, { 'content-type': 'application/json' });
});

app.post('/v2/*', async (c) => {
  const body = await c.req.arrayBuffer();
  const jsonBytes = Number(c.req.header('inference-header-content-length'));
  JSON.parse(new TextDecoder().decode(body.slice(0, jsonBytes)));
  const input = new Float32Array(body.slice(jsonBytes));
  if (input.length === 0) return c.body(null, 400);
  return c.body(c.env.BINARY_ANSWER, 200, { 'content-type': 'application/octet-stream' });
});

export default app;
