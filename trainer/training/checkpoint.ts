/**
 * A training that was left, as whoever keeps it sees it: a little plain data that says where it stands, and the model's
 * numbers beside it.
 */

export interface Checkpoint {
  /** JSON. */
  readonly state: unknown;
  /** Megabytes each, by name: read one at a time, before the training goes on or its memory is given back. */
  readonly parts: ReadonlyMap<string, () => Promise<Uint8Array>>;
}

/** A part's bytes, read when they are asked for. Throws where the checkpoint has none of that name, which is a bug. */
export async function readPart({ parts }: Checkpoint, name: string): Promise<Uint8Array> {
  const read = parts.get(name);
  if (read === undefined) throw new Error(`the checkpoint has no part '${name}'`);
  return read();
}

/** The parts of one of two trainings that are kept together. */
export function partsUnder(prefix: string, { parts }: Pick<Checkpoint, 'parts'>): Checkpoint['parts'] {
  const under = [...parts].filter(([name]) => name.startsWith(`${prefix}-`));
  return new Map(under.map(([name, read]) => [name.slice(prefix.length + 1), read]));
}

/** The inverse. */
export function prefixParts(
  prefix: string,
  { parts }: Pick<Checkpoint, 'parts'>,
): [string, () => Promise<Uint8Array>][] {
  return [...parts].map(([name, read]) => [`${prefix}-${name}`, read]);
}
