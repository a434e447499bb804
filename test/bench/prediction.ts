/**
 * Case 1: how long a prediction takes, beside `LayersModel.predict` on the same WASM binary.
 */
import { type BenchModel, toForm } from './bench-model.ts';
import type { Findings, Progress } from './findings.ts';
import { createCnn, createMlp, loadMobileNet } from './models.ts';
import { bundleWorker, withWorker } from './runtime.ts';
import { type Row, summarise, type Target } from './summarise.ts';
import type { Effort, Measured } from './workers/prediction.ts';

const PEER = 'LayersModel.predict';
const BATCHES = [1, 32];
const QUICK = { warmUpMs: 500, rounds: 5, roundMs: 30 };
const FULL = { warmUpMs: 3_000, rounds: 31, roundMs: 100 };

interface Case {
  readonly name: string;
  readonly model: BenchModel;
  /** For one example at a time; larger batches are only reported. */
  readonly target: Target;
}

export async function benchPrediction(
  scratch: string,
  quick: boolean,
  progress: Progress,
): Promise<Findings> {
  const bundle = await bundleWorker('prediction', scratch);
  const { cases, skipped } = await collectCases();
  const rows = await withWorker(bundle, {}, async (_, url) => {
    const rows: Row[] = [];
    for (const { name, model, target } of cases) {
      for (const batch of BATCHES) {
        const title = `predict ${name}, batch ${batch}`;
        progress(title);
        const measured = await measure(url, model, { batch, ...(quick ? QUICK : FULL) });
        const row = { case: title, unit: 'ms', peer: PEER, ...measured };
        rows.push(summarise(batch === 1 ? { ...row, target } : row));
      }
    }
    return rows;
  });
  return { rows, skipped };
}

async function collectCases(): Promise<{ cases: Case[]; skipped: string[] }> {
  const cases: Case[] = [
    { name: 'MLP 64-256-256-10', model: await createMlp(), target: { atMost: 0.5 } },
    { name: 'CNN 28x28', model: await createCnn(), target: { atMost: 0.6 } },
  ];
  const name = 'MobileNet v1 0.25/224';
  const model = await loadMobileNet();
  if (typeof model === 'string') return { cases, skipped: [`predict ${name}: ${model}`] };
  return { cases: [...cases, { name, model, target: { atMost: 0.6 } }], skipped: [] };
}

async function measure(url: URL, model: BenchModel, effort: Effort): Promise<Measured> {
  const form = toForm(model);
  form.set('effort', JSON.stringify(effort));
  const answer = await fetch(url, { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`${model.spec.name}: ${await answer.text()}`);
  return (await answer.json()) as Measured;
}
