/**
 * Every storage key, in one place. docs/storage.md says who writes and reads each.
 */

/**
 * What a model may be called: what clients of TF Serving and KServe have in their URLs. It is part of URLs and of storage
 * keys. `stats` is Triton's word for the statistics of all models, where a name would stand.
 */
export const MODEL_NAME = /^(?!stats$)[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export type AliasName = 'champion';

export const VERSION_FILES = ['model.json', 'weights.bin', 'edge.json', 'edge.bin'] as const;
export type VersionFile = (typeof VERSION_FILES)[number];

const model = (name: string): string => `models/${name}`;
const jobs = (kind: JobName, name: string): string => `${model(name)}/${kind}s/`;

export const keys = {
  /** Says that the store keeps the conditions of writes. */
  storeMark: 'store.json',
  probe: (id: string) => `probe/${id}`,
  apiKeys: 'keys/',
  /** By the SHA-256 of the bearer token. */
  apiKey: (sha256: string) => `keys/${sha256}.json`,
  models: 'models/',
  spec: (name: string) => `${model(name)}/spec.json`,
  versions: (name: string) => `${model(name)}/versions/`,
  claim: (name: string, version: number) => `${model(name)}/versions/${version}/claim.json`,
  manifest: (name: string, version: number) => `${model(name)}/versions/${version}/manifest.json`,
  versionFile: (name: string, version: number, file: VersionFile) =>
    `${model(name)}/versions/${version}/${file}`,
  provenance: (name: string, version: number) => `${model(name)}/versions/${version}/provenance.json`,
  alias: (name: string, alias: AliasName) => `${model(name)}/aliases/${alias}.json`,
  historyPrefix: (name: string) => `${model(name)}/history/`,
  history: (name: string, sequence: number) => `${model(name)}/history/${padded(sequence)}.json`,
  moveTimes: (name: string) => `${model(name)}/history-times/`,
  moveTime: (name: string, at: string, sequence: number) =>
    `${model(name)}/history-times/${at.replaceAll(/[-:.]/g, '')}-${padded(sequence)}.json`,
  inboxPrefix: (name: string) => `${model(name)}/inbox/`,
  inbox: (name: string, id: string) => `${model(name)}/inbox/${id}.ndjson`,
  eventsPrefix: (name: string) => `${model(name)}/events/`,
  eventsOf: (name: string, day: string) => `${model(name)}/events/dt=${day}/`,
  events: (name: string, day: string, batch: string) => `${model(name)}/events/dt=${day}/${batch}.ndjson.gz`,
  input: (name: string, digest: string) => `${model(name)}/inputs/${digest}`,
  importsPrefix: (name: string) => `${model(name)}/imports/`,
  importRecord: (name: string, id: string) => `${model(name)}/imports/${id}.json`,
  importRowsPrefix: (name: string) => `${model(name)}/imported-rows/`,
  /** By which later imports know the rows of this one. */
  importRows: (name: string, id: string) => `${model(name)}/imported-rows/${id}`,
  snapshot: (name: string, id: string) => `${model(name)}/snapshots/${id}.json`,
  snapshotShard: (name: string, digest: string) => `${model(name)}/snapshots/shards/${digest}.ndjson.gz`,
  /** Of what was read of the events: which batches, where each id occurs, what changed. */
  index: (name: string) => `${model(name)}/index/`,
  snapshotShards: (name: string) => `${model(name)}/snapshots/shards/`,
  /** Columns of a shard that a split and the evidence go by. */
  shardFacts: (name: string, digest: string) => `${model(name)}/snapshots/facts/${digest}`,
  featuresOf: (name: string) => `${model(name)}/features/`,
  features: (name: string, base: string, shard: string) => `${model(name)}/features/${base}/${shard}`,
  /** What is there of them while they are computed. */
  partialFeatures: (name: string, base: string, shard: string) =>
    `${model(name)}/features/${base}/${shard}.part`,
  copiesOf: (name: string) => `${model(name)}/copies/`,
  copies: (name: string, base: string, augmentation: string, shard: string, copy: number) =>
    `${model(name)}/copies/${base}/${augmentation}/${shard}-${copy}`,
  /** What the trainer was asked for and does: runs, comparisons, reproductions. */
  jobs,
  job: (kind: JobName, name: string, id: string, file: JobFile) => `${jobs(kind, name)}${id}/${file}`,
  run: (name: string, id: string, file: string) => `${jobs('run', name)}${id}/${file}`,
  runStepsOf: (name: string, id: string) => `${jobs('run', name)}${id}/steps/`,
  runSteps: (name: string, id: string, step: string) => `${jobs('run', name)}${id}/steps/${step}.json`,
  /** Everything that a reproduction writes on its way, by the keys that a run would give it. */
  reproductionScratch: (name: string, id: string) => `${jobs('reproduction', name)}${id}/scratch/`,
  notices: (name: string) => `${model(name)}/notices/`,
  notice: (name: string, at: string, id: string) =>
    `${model(name)}/notices/${new Date(at).toISOString().replaceAll(/[-:.]/g, '')}~${id}.json`,
  outboxPrefix: 'outbox/',
  outbox: (name: string, id: string) => `outbox/${name}~${id}.json`,
  /** When every model is due; made again from the specs where it is not there. */
  schedules: 'schedules.json',
  /** What became of the champion since it was promoted. */
  live: (name: string) => `${model(name)}/live.json`,
  quarantinePrefix: (name: string) => `${model(name)}/quarantine/`,
  quarantine: (name: string, fromMs: number, toMs: number) =>
    `${model(name)}/quarantine/${fromMs}-${toMs}.json`,
  ledgerPrefix: (name: string) => `${model(name)}/ledger/`,
  ledger: (name: string, sequence: number) => `${model(name)}/ledger/${padded(sequence)}.json`,
  base: (digest: string, file: BaseFile) => `bases/${digest}/${file}`,
  bases: 'bases/',
  /** What a deleted model was, until it is purged or brought back. */
  deletedModels: 'deleted/',
  deleted: (name: string) => `deleted/${name}.json`,
  /** What `holdfast doctor` tries a store with, and removes again. */
  doctor: 'doctor/',
} as const;

export type JobName = 'run' | 'comparison' | 'reproduction';
/** What jobs keep: their record, how far they are, what came out. */
export type JobFile = `${JobName}.json` | 'progress.json' | 'result.json' | 'report.json' | 'report.html';
export type BaseFile = 'manifest.json' | VersionFile;

/** Sequence numbers sort as text: `00000012`. */
function padded(sequence: number): string {
  return String(sequence).padStart(8, '0');
}
