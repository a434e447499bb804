/**
 * Answers to a file of examples, one line each, in the file's order: as CSV, or one JSON object a line.
 */
import type { Spec } from '../../shared/model/spec/spec.ts';
import { outputWidth } from '../../shared/model/spec/task.ts';
import type { UnlabelledRow, UnlabelledSource } from '../data-import/readers/unlabelled.ts';
import type { OpenVersion } from './open-version.ts';

export interface PredictionRequest {
  readonly spec: Spec;
  readonly version: Pick<OpenVersion, 'predict'>;
  readonly source: UnlabelledSource;
  readonly format: 'csv' | 'ndjson';
  /** Whether every label's probability is said, not only that of the answer. */
  readonly probabilities: boolean;
  /** Takes a piece of the answer; when it is done, there is room for the next. */
  readonly write: (text: string) => Promise<void>;
  readonly onProgress: (rows: number, fraction: number) => void;
}

export interface PredictedFile {
  readonly answered: number;
  readonly rejected: number;
  /** The first few. */
  readonly problems: readonly string[];
}

/** Examples that are predicted at once. */
const BATCH_ROWS = 128;
const SHOWN_PROBLEMS = 5;

/** Holds one batch. A row that can't be read keeps its line, without an answer. */
export async function predictFile(request: PredictionRequest): Promise<PredictedFile> {
  const { source } = request;
  const problems: string[] = [];
  let [answered, rejected] = [0, 0];
  let batch: UnlabelledRow[] = [];
  const lineOf = createLines(request);
  const flush = async (): Promise<void> => {
    const rows = batch.flatMap(({ raw }) => (raw.ok ? [raw.value] : []));
    const outputs = rows.length === 0 ? new Float32Array() : request.version.predict(rows);
    const width = outputWidth(request.spec);
    let next = 0;
    const lines = batch.map((row) =>
      lineOf(row, row.raw.ok ? outputs.subarray(next * width, ++next * width) : null),
    );
    batch = [];
    await request.write(lines.join(''));
  };
  if (request.format === 'csv') await request.write(header(request));
  for await (const row of source.rows()) {
    batch.push(row);
    if (row.raw.ok) answered += 1;
    else {
      rejected += 1;
      if (problems.length < SHOWN_PROBLEMS) problems.push(`${row.place}: ${row.raw.error}`);
    }
    if (batch.length === BATCH_ROWS) await flush();
    request.onProgress(answered + rejected, source.fraction());
  }
  if (batch.length > 0) await flush();
  return { answered, rejected, problems };
}

function header({ spec, source, probabilities }: PredictionRequest): string {
  const labels = spec.task === 'classification' ? spec.labels : [];
  const names = [
    ...source.kept,
    'prediction',
    ...(spec.task === 'classification' ? ['probability'] : []),
    ...(probabilities ? labels.map((label) => `p(${label})`) : []),
  ];
  return toCsv(names);
}

/** @returns a row and its outputs, null where there are none, as a line */
function createLines({ spec, source, format, probabilities }: PredictionRequest) {
  return ({ kept }: UnlabelledRow, outputs: Float32Array | null): string => {
    const values = outputs === null ? [] : Array.from(outputs, shorten);
    const best = outputs === null ? -1 : outputs.reduce((at, p, i) => (p > (outputs[at] ?? -1) ? i : at), 0);
    const prediction = spec.task === 'regression' ? values[0] : spec.labels[best];
    const probability = spec.task === 'regression' ? undefined : values[best];
    if (format === 'ndjson') {
      const own = source.kept.map(
        (name, i) => [name, typeof kept[i] === 'bigint' ? String(kept[i]) : (kept[i] ?? null)] as const,
      );
      const all =
        spec.task === 'classification' && probabilities && outputs !== null
          ? { probabilities: Object.fromEntries(spec.labels.map((label, i) => [label, values[i]])) }
          : {};
      return `${JSON.stringify({
        ...Object.fromEntries(own),
        prediction: prediction ?? null,
        ...(spec.task === 'classification' && { probability: probability ?? null }),
        ...all,
      })}\n`;
    }
    const width = probabilities ? outputWidth(spec) : 0;
    return toCsv([
      ...kept,
      prediction,
      ...(spec.task === 'classification' ? [probability] : []),
      ...(spec.task === 'classification' ? Array.from({ length: width }, (_, i) => values[i]) : []),
    ]);
  };
}

/** The digits that float32 has. */
function shorten(value: number): number {
  return Number(value.toPrecision(8));
}

/** One line by RFC 4180; what is not there is an empty cell. */
function toCsv(cells: readonly unknown[]): string {
  const texts = cells.map((cell) => {
    const text = cellText(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${texts.join(',')}\n`;
}

/** Times of a Parquet file as ISO 8601, lists and objects as JSON. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (cell instanceof Date) return cell.toISOString();
  if (typeof cell === 'object') return JSON.stringify(cell);
  return typeof cell === 'string' ? cell : `${cell as number | boolean | bigint}`;
}
