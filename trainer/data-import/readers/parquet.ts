/**
 * Reads tables from Parquet, a row group at a time. Files from pandas, DuckDB, Spark, BigQuery: flat columns of numbers,
 * truths, texts and times.
 */
import { open } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { InputFile } from './input-file.ts';
import { nameColumns, type Table, type TableRecord } from './table.ts';

/** Rows that are held at once. */
const BLOCK_ROWS = 10_000;

/**
 * The file as a table, its metadata read and no row yet; an error where it is no Parquet file, or compressed or nested
 * as nothing here reads.
 */
export async function openParquetTable(file: InputFile): Promise<Result<Table, string>> {
  if (file.gzipped) return err(`${file.name}: expected a Parquet file, got gzip around it; unpack it`);
  const buffer = asyncBufferOf(file);
  try {
    const metadata = await parquetMetadataAsync(buffer);
    const header = parquetSchema(metadata).children.map(({ element }) => element.name);
    const rows = Number(metadata.num_rows);
    let done = 0;
    return ok({
      name: file.name,
      digest: file.digest,
      columns: nameColumns(header),
      maxRows: rows,
      notes: [],
      fraction: () => done / Math.max(1, rows),
      records: async function* records(): AsyncGenerator<TableRecord> {
        done = 0;
        for (let rowStart = 0; rowStart < rows; rowStart += BLOCK_ROWS) {
          const rowEnd = Math.min(rows, rowStart + BLOCK_ROWS);
          const block = await parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, compressors });
          for (const object of block) {
            done += 1;
            yield { place: `row ${done}`, cells: ok(header.map((name) => toCell(object[name]))) };
          }
        }
      },
    });
  } catch (error) {
    return err(`${file.name}: expected a Parquet file that can be read: ${(error as Error).message}`);
  }
}

/** What JSON could have said: whole numbers of 64 bits as texts where they would be rounded, times as ISO 8601. */
function toCell(value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return value ?? null;
}

function asyncBufferOf({ path, bytes }: InputFile): AsyncBuffer {
  return {
    byteLength: bytes,
    async slice(start, end = bytes) {
      const handle = await open(path);
      try {
        const part = new Uint8Array(end - start);
        await handle.read(part, 0, part.byteLength, start);
        return part.buffer;
      } finally {
        await handle.close();
      }
    },
  };
}
