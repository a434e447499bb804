/**
 * The manifest of an imported base, cut at a layer and compiled.
 */
import { anyString, type Check, has, integer, list, oneOf, optional, text } from '../../checks.ts';
import { DIGEST } from '../../digest.ts';
import type { Result } from '../../result.ts';
import { type Loaded, loadChecked, type ReadError } from '../store/json.ts';
import { keys, VERSION_FILES, type VersionFile } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

const POOLINGS = ['none', 'average', 'flatten'] as const;

/** By what a file is verified: SHA-256 in hexadecimal, and length. */
export interface FileFacts {
  readonly sha256: string;
  readonly bytes: number;
}

export interface BaseManifest {
  readonly format: 'holdfast-base/1';
  readonly digest: string;
  readonly source: string;
  readonly createdAt: string;
  /** The layer or node that it was cut at. */
  readonly output: string;
  readonly pooling: (typeof POOLINGS)[number];
  readonly inputShape: readonly number[];
  readonly featureSize: number;
  /** It scales pixels itself, so that they come to it as they are, 0 to 255. */
  readonly wholePixels?: true;
  /** The base that this is the beginning of; its end is trained with the head. */
  readonly partOf?: string;
  readonly files: Readonly<Record<VersionFile, FileFacts>>;
}

export const isDigest = text(DIGEST, 'a SHA-256 in hexadecimal');

const fileFacts = has({ sha256: isDigest, bytes: integer(0, Number.MAX_SAFE_INTEGER) });
export const versionFiles: Check = has(Object.fromEntries(VERSION_FILES.map((name) => [name, fileFacts])));

const size = integer(1, Number.MAX_SAFE_INTEGER);
const baseManifest = has({
  format: oneOf('holdfast-base/1'),
  digest: isDigest,
  source: anyString,
  createdAt: anyString,
  output: anyString,
  pooling: oneOf(...POOLINGS),
  inputShape: list(size, 0, 8),
  featureSize: size,
  partOf: optional(isDigest),
  files: versionFiles,
});

/**
 * The manifest of a base.
 *
 * @param digest  of the base, SHA-256 in hexadecimal
 */
export function loadBaseManifest(
  store: ObjectStore,
  digest: string,
): Promise<Result<Loaded<BaseManifest>, ReadError>> {
  return loadChecked(store, keys.base(digest, 'manifest.json'), baseManifest);
}
