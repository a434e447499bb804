/**
 * TF Serving's own cases (requests and statuses from its test suites and documentation), where the data folder is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import { createMemoryStore } from '../../shared/registry/memory-store.ts';
import { publishVersion } from '../../shared/registry/versions.ts';
import { createEdge, createToyModel, type Edge, promoteToy, toyFiles, toyManifest } from './support.ts';

const DATA = join(process.env['HOLDFAST_DATA'] ?? '../shared/data', 'protocol');
const ABSENT = !existsSync(join(DATA, 'tfserving-predict.json'));

interface Piece {
  readonly text?: string;
  readonly repeat?: string;
  readonly times?: number;
}

interface Case {
  readonly id: string;
  readonly why: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string | null;
  readonly body_generator?: { readonly concat: readonly Piece[] };
  readonly strictness?: string;
  readonly valid?: boolean;
  readonly expect?: { readonly http_status?: number };
}

function readCases(file: string): Case[] {
  if (ABSENT) return [];
  return (JSON.parse(readFileSync(join(DATA, file), 'utf8')) as { cases: Case[] }).cases;
}

function bodyOf({ body, body_generator: generator }: Case): string {
  if (generator === undefined) return body ?? '';
  return generator.concat
    .map(({ text, repeat, times }) => text ?? (repeat ?? '').repeat(times ?? 0))
    .join('');
}

/** What a model of numbers in a row takes: rows of two, and of four (iris). */
const ACCEPTED = new Map([
  ['tfs-predict-049', 2],
  ['tfs-predict-073', 4],
  ['tfs-predict-074', 4],
]);

describe.skipIf(ABSENT)(`TF Serving's cases (skipped without ${DATA})`, () => {
  let edge: Edge;

  beforeAll(async () => {
    const store = createMemoryStore();
    for (const width of [2, 4]) {
      const names = ['x', 'y', 'z', 'w'].slice(0, width);
      const features = names.map((name) => ({ name, type: 'number' as const }));
      const spec = await createToyModel(store, `rows-of-${width}`, { input: { kind: 'tabular', features } });
      const files = toyFiles(0, width);
      const constants = { mean: names.map(() => 0), scale: names.map(() => 1) };
      await publishVersion(store, { ...toyManifest(spec, 1, files), constants }, files);
      await promoteToy(store, spec, 1);
    }
    edge = createEdge(store, await loadWasmModule(), { maxBodyBytes: 4_000_000 });
  });

  const predicts = readCases('tfserving-predict.json');

  test('there are cases to go through', () => {
    expect(predicts.length).toBeGreaterThan(50);
  });

  test.each(predicts.filter(({ expect: { http_status: status } = {} }) => status === 400))(
    '$id is refused: $why',
    async (refused) => {
      const response = await edge.predict('rows-of-2', bodyOf(refused));
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: expect.any(String) });
    },
  );

  test.each(predicts.filter(({ id }) => ACCEPTED.has(id)))('$id is accepted: $why', async (accepted) => {
    const body = bodyOf(accepted);
    const response = await edge.predict(`rows-of-${ACCEPTED.get(accepted.id)}`, body);
    expect(response.status).toBe(200);
    const rows = (JSON.parse(body) as { instances: unknown[] }).instances.length;
    expect(((await response.json()) as { predictions: unknown[] }).predictions).toHaveLength(rows);
  });

  test.each(readCases('tfserving-urls.json').filter(({ valid }) => valid === false))(
    '$method $path is an error: $why',
    async ({ method, path }) => {
      const body = method === 'POST' ? { body: { instances: [[1, 2]] } } : {};
      const response = await edge.call(path, { key: 'predict', method, ...body });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(await response.json()).toEqual({ error: expect.any(String) });
    },
  );
});
