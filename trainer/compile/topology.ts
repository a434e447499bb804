/**
 * The order in which the parts of a model run, whichever its format: each after what it takes.
 */
import { ok, type Result } from '../../shared/result.ts';
import { invalid, type ModelError } from '../../shared/model/plan/error.ts';

interface Part {
  readonly name: string;
  /** Names of the parts whose outputs this one takes. */
  readonly inputs: readonly string[];
}

/**
 * @param noun  what messages call a part: `layer`, `node`
 * @returns the parts that `output` depends on, with it as the last; an error for one that is missing or in a ring
 */
export function sortParts<P extends Part>(
  parts: readonly P[],
  output: string,
  noun: string,
): Result<P[], ModelError> {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const sorted = new Set<P>();
  const open = new Set<string>();
  const visit = (name: string, reader: string): string | undefined => {
    const part = byName.get(name);
    if (part === undefined) return `${reader} takes ${noun} '${name}', which the model does not have`;
    if (sorted.has(part)) return undefined;
    if (open.has(name)) return `${noun} '${name}' depends on itself`;
    open.add(name);
    for (const input of part.inputs) {
      const problem = visit(input, `${noun} '${name}'`);
      if (problem !== undefined) return problem;
    }
    sorted.add(part);
    return undefined;
  };
  const problem = visit(output, 'the output');
  return problem === undefined ? ok([...sorted]) : invalid(`modelTopology: ${problem}`);
}
