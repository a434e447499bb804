/**
 * Why a model can't be read, compiled or loaded. Every message says what was expected, what came, and where.
 */
import { err } from '../../result.ts';

export interface ModelError {
  /**
   * `invalid`: the files contradict themselves or each other. `unsupported`: the files are sound, but something
   * in them can't run at the edge. `out-of-memory`: the heap's limit is reached; the runtime stays usable.
   */
  readonly kind: 'invalid' | 'unsupported' | 'out-of-memory';
  readonly message: string;
}

/** A model, plan or weight file that is not as its format wants it. */
export function invalid(message: string): { readonly ok: false; readonly error: ModelError } {
  return err({ kind: 'invalid', message });
}

/** A model that is as it should be, and asks for something that nothing here computes. */
export function unsupported(message: string): { readonly ok: false; readonly error: ModelError } {
  return err({ kind: 'unsupported', message });
}

/** A model that does not fit into what the runtime may take. */
export function outOfMemory(message: string): { readonly ok: false; readonly error: ModelError } {
  return err({ kind: 'out-of-memory', message });
}
