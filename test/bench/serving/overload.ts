/**
 * `npm run bench:overload`: what the edge does with more than it can serve, in workerd, on this machine. A small JPEG for
 * MobileNetV1 0.25/128, nothing logged: what a request costs is computation. (With large bodies the local runtime, which
 * receives them on the thread that predicts, is busy with those that are refused.)
 *
 * Closed loops: more and more clients, each of which asks again when it has its answer; after a 503 they either come
 * again at once, or wait as its Retry-After says. Open loops: requests that arrive by the clock, whatever happened to
 * those before, at a multiple of what the edge served in the closed loop of a few clients; that is what overload is.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { imageFile } from '../../support/images.ts';
import type { Exchange } from './http-connection.ts';
import { createMobileNetV1 } from '../models.ts';
import { applyClosedLoop, applyOpenLoop, type Outcome } from './overload-client.ts';
import { bundleEdge, withScratch, withWorker } from '../runtime.ts';
import { KEY, serveModel } from './served-model.ts';
import { percentile } from '../summarise.ts';

const DURATION_MS = 4_000;
const WARM_UP_MS = 5_000;
const FEW = 8;
const MANY = [256];
const MULTIPLES = [0.5, 1, 2, 4];

/** As the deployment's variables say, and so high that the isolate has to bring them down by itself. */
const LIMITS = {
  default: {},
  high: { HOLDFAST_MAX_IN_FLIGHT: '10000', HOLDFAST_MAX_WAITING: '10000' },
};

interface Row {
  readonly load: string;
  readonly limits: keyof typeof LIMITS;
  readonly servedPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly refusedPerSecond: number;
  readonly failedPerSecond: number;
}

function toRow(load: string, limits: Row['limits'], { seconds, servedMs, refused, failed }: Outcome): Row {
  const at = (p: number) => (servedMs.length === 0 ? null : percentile(servedMs, p));
  return {
    load,
    limits,
    servedPerSecond: servedMs.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    refusedPerSecond: refused / seconds,
    failedPerSecond: failed / seconds,
  };
}

/** A deployment with these limits, and one request for it. */
async function withEdge<T>(
  scratch: string,
  limits: Row['limits'],
  use: (exchange: Exchange) => Promise<T>,
): Promise<T> {
  const edge = await bundleEdge(scratch);
  const bindings = { HOLDFAST_LOCAL_KEYS: 'on', ...LIMITS[limits] };
  return withWorker(edge, { bindings, serviceBindings: {} }, async (miniflare, url) => {
    const model = await createMobileNetV1();
    await serveModel(miniflare, model, { rate: 0 });
    return use({
      url: new URL(`/v1/models/${model.spec.name}:predict`, url),
      headers: { ...KEY, 'content-type': 'image/jpeg' },
      body: imageFile('rgb.jpg'),
    });
  });
}

async function measure(scratch: string, limits: Row['limits']): Promise<Row[]> {
  return withEdge(scratch, limits, async (exchange) => {
    const rows: Row[] = [];
    const note = (load: string, outcome: Outcome): void => {
      rows.push(toRow(load, limits, outcome));
      process.stderr.write(`${limits}, ${load} …\n`);
    };
    await applyClosedLoop(exchange, { connections: FEW, durationMs: WARM_UP_MS, patient: true });
    const few = await applyClosedLoop(exchange, { connections: FEW, durationMs: DURATION_MS, patient: true });
    note(`${FEW} clients`, few);
    const capacity = few.servedMs.length / few.seconds;
    for (const connections of MANY) {
      for (const patient of [true, false]) {
        const outcome = await applyClosedLoop(exchange, { connections, durationMs: DURATION_MS, patient });
        note(`${connections} clients, ${patient ? 'wait as told' : 'come again at once'}`, outcome);
      }
    }
    for (const multiple of MULTIPLES) {
      const perSecond = multiple * capacity;
      const outcome = await applyOpenLoop(exchange, { perSecond, durationMs: DURATION_MS });
      note(`${perSecond.toFixed(0)}/s arrive, ${multiple} of capacity`, outcome);
    }
    return rows;
  });
}

function formatRows(rows: readonly Row[]): string {
  const text = (value: number | null): string => (value === null ? '' : value.toFixed(0));
  const lines = rows.map(
    ({ load, limits, servedPerSecond, p50Ms, p99Ms, refusedPerSecond, failedPerSecond }) =>
      `| ${load} | ${limits} | ${[servedPerSecond, p50Ms, p99Ms, refusedPerSecond, failedPerSecond].map(text).join(' | ')} |`,
  );
  return [
    '| load | limits | 200 /s | p50 ms | p99 ms | 503 /s | other /s |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, limits: { type: 'string', multiple: true } },
});
const rows = await withScratch(async (scratch) => {
  const found: Row[] = [];
  for (const limits of ['default', 'high'] as const) {
    if (options.limits === undefined || options.limits.includes(limits))
      found.push(...(await measure(scratch, limits)));
  }
  return found;
});
process.stdout.write(formatRows(rows));
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(rows, null, 2)}\n`);
