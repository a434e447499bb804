/**
 * What a manifest says of files: by what they are verified whenever they are read.
 */
import { sha256Hex } from '../../shared/digest.ts';
import type { FileFacts } from '../../shared/registry/versions/base-manifest.ts';
import type { VersionFile } from '../../shared/registry/store/keys.ts';

/** A file's digest and length. */
export function describeFile(bytes: Uint8Array): FileFacts {
  return { sha256: sha256Hex(bytes), bytes: bytes.byteLength };
}

/** The same of all files of a version or a base, in the order in which they are named everywhere. */
export function describeFiles(
  files: Readonly<Record<VersionFile, Uint8Array>>,
): Record<VersionFile, FileFacts> {
  return {
    'model.json': describeFile(files['model.json']),
    'weights.bin': describeFile(files['weights.bin']),
    'edge.json': describeFile(files['edge.json']),
    'edge.bin': describeFile(files['edge.bin']),
  };
}
