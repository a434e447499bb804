/**
 * Versions as production runs them: preprocessing, base and head together, answering raw inputs. What they say is what
 * they would have answered over HTTP, bit for bit.
 */
import { widenRows } from '../../shared/bytes.ts';
import { outputWidth } from '../../shared/model/spec/task.ts';
import { createFeatureReader, type Base, type FeatureReader } from '../../shared/model/run/predictor.ts';
import type { Program } from '../../shared/model/run/program.ts';
import type { Runtime } from '../../shared/model/run/runtime.ts';
import { loadBase, loadHead } from '../../shared/model/run/servable.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';

interface Opened {
  readonly manifest: Manifest;
  readonly head: Program;
  readonly reader: FeatureReader;
  /** versions of the same reader see the same features */
  readonly readerName: string;
  /** labels that it knows; of a regression 1 */
  readonly outputs: number;
}

/** Some versions of a model, opened. Whoever opens them closes them. */
export interface AnsweringVersions {
  /** those that could be opened, by number */
  readonly manifests: ReadonlyMap<number, Manifest>;
  /** why the others could not, by number */
  readonly failures: ReadonlyMap<number, string>;
  /**
   * @param rows  raw examples, each [rawSize]
   * @returns by version: probabilities, [rows, labels], 0 for labels that it is older than; of a regression the target, [rows, 1]
   */
  answer(rows: readonly Float32Array[]): Map<number, Float32Array>;
  /** whether a version could have given this label: it may be older than the label */
  knows(version: number, label: number): boolean;
  close(): void;
}

/** Opens each of the numbers once. A version or base that is missing or damaged is named in `failures`. */
export async function openAnswering(
  { store, runtime }: { readonly store: ObjectStore; readonly runtime: Runtime },
  spec: Spec,
  numbers: readonly number[],
): Promise<AnsweringVersions> {
  const opened = new Map<number, Opened>();
  const failures = new Map<number, string>();
  const bases = new Map<string, Base>();
  const width = outputWidth(spec);
  for (const number of new Set(numbers)) {
    const version = await openOne({ store, runtime }, spec, number, bases);
    if (version.ok) opened.set(number, version.value);
    else failures.set(number, version.error);
  }
  return {
    manifests: new Map([...opened].map(([number, { manifest }]) => [number, manifest])),
    failures,
    answer(rows) {
      const features = new Map<string, Float32Array>();
      const answers = new Map<number, Float32Array>();
      for (const [number, { head, reader, readerName, outputs }] of opened) {
        const read = features.get(readerName) ?? reader.read(rows);
        features.set(readerName, read);
        answers.set(number, widenRows(head.run(read, rows.length), outputs, width));
      }
      return answers;
    },
    knows: (version, label) => spec.task === 'regression' || label < (opened.get(version)?.outputs ?? 0),
    close() {
      for (const { head } of opened.values()) head.dispose();
      for (const { program } of bases.values()) program.dispose();
    },
  };
}

async function openOne(
  { store, runtime }: { readonly store: ObjectStore; readonly runtime: Runtime },
  spec: Spec,
  number: number,
  bases: Map<string, Base>,
): Promise<Result<Opened, string>> {
  const manifest = await loadManifest(store, spec.name, number);
  if (!manifest.ok) return err(manifest.error.detail);
  const { labels, base: digest, constants } = manifest.value;
  // Labels are only ever added: an older version knows the first of them.
  const known = spec.task === 'classification' ? spec.labels.slice(0, labels.length) : labels;
  if (JSON.stringify(labels) !== JSON.stringify(known)) return err(`version ${number} has other labels`);
  const base = digest === null ? ok(null) : await needBase({ store, runtime }, digest, bases);
  if (!base.ok) return base;
  const head = await loadHead(store, runtime, manifest.value);
  if (!head.ok) return err(head.error.detail);
  const reader = createFeatureReader(spec.input, constants, base.value);
  if (head.value.inputSize !== reader.size) {
    head.value.dispose();
    return err(`version ${number} reads ${head.value.inputSize} numbers, expected ${reader.size}`);
  }
  const readerName = `${digest} ${JSON.stringify(constants)}`;
  return ok({
    manifest: manifest.value,
    head: head.value,
    reader,
    readerName,
    outputs: head.value.outputSize,
  });
}

async function needBase(
  { store, runtime }: { readonly store: ObjectStore; readonly runtime: Runtime },
  digest: string,
  bases: Map<string, Base>,
): Promise<Result<Base, string>> {
  const present = bases.get(digest);
  if (present !== undefined) return ok(present);
  const loaded = await loadBase(store, runtime, digest);
  if (!loaded.ok) return err(loaded.error.detail);
  bases.set(digest, loaded.value);
  return ok(loaded.value);
}
