/**
 * A zip archive in memory, with a limit on what it unpacks to.
 */
import { unzipSync } from 'fflate';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * @param maxBytes  of all files together; the sizes that the archive itself names are checked first
 * @returns files by path; why it can't be read
 */
export function readZip(
  bytes: Uint8Array,
  where: string,
  maxBytes: number,
): Result<ReadonlyMap<string, Uint8Array>, string> {
  let announced = 0;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        // Resource forks that macOS puts beside each file.
        if (name.endsWith('/') || name.startsWith('__MACOSX/')) return false;
        announced += originalSize;
        return announced <= maxBytes;
      },
    });
    if (announced > maxBytes)
      return err(`${where}: unpacks to ${announced} bytes or more, expected at most ${maxBytes}`);
    return ok(new Map(Object.entries(files)));
  } catch (error) {
    return err(
      `${where}: the archive can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
