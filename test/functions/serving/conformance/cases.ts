/**
 * Cases of other servers of both protocols: facts from the test suites and documents of TensorFlow Serving, Triton,
 * KServe and MLServer, each with its source, in `test/fixtures/protocols/cases`.
 */

export interface ProtocolCase {
  readonly id: string;
  readonly why: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly body_generator?: { readonly concat: readonly Piece[] };
  readonly body_base64?: string;
  readonly model_names?: readonly string[];
  /** of a path that is none */
  readonly valid?: boolean;
  readonly parsed?: { readonly model?: string; readonly label?: string };
  readonly http_status?: number;
  readonly response?: unknown;
  readonly expect?: Expectation | string;
  /** of an answer's text */
  readonly row_text?: string;
  readonly response_text?: string;
}

/** About the text of an answer, and no request. */
export interface EncodingCase extends ProtocolCase {
  readonly tensors?: Readonly<Record<string, TensorJson>>;
  readonly columnar_text?: string;
  readonly error_contains?: string;
  readonly error_message?: string;
  readonly result?: {
    readonly classifications?: readonly (readonly (readonly [string, number])[])[];
    readonly regressions?: readonly (number | string)[];
  };
}

interface TensorJson {
  readonly dtype: string;
  readonly shape?: readonly number[];
  readonly values: readonly (number | string)[];
}

interface Piece {
  readonly text?: string;
  readonly repeat?: string;
  readonly times?: number;
}

export interface Expectation {
  readonly http_status?: number;
  readonly http_status_any_of?: readonly number[];
  readonly parses?: boolean;
  /** what the request must be decoded to */
  readonly tensors?: Readonly<Record<string, { readonly values: readonly unknown[] }>>;
  readonly decoded_with_content_type?: readonly string[];
  readonly response?: object;
  readonly response_shape?: Readonly<Record<string, unknown>>;
  readonly content_type?: string;
  readonly response_id?: string;
  readonly encoding?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, readonly unknown[]>>;
  readonly outputs_only?: readonly string[];
  readonly outputs_count?: number;
  readonly output?: {
    readonly name: string;
    readonly datatype: string;
    readonly shape: unknown;
    readonly data: unknown;
  };
  readonly output_data?: readonly number[];
  readonly response_binary_equals_request?: boolean;
  /** a request after it, and its status */
  readonly then?: Readonly<Record<string, number>>;
}

export interface Conformance {
  readonly cases: readonly EncodingCase[];
  /** By case: the status that we answer instead; null where the case is about a text and not about a request. */
  readonly deviations: Readonly<Record<string, number | null>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    conformance: Conformance;
  }
}

export function expectationOf({ expect: expected }: ProtocolCase): Expectation {
  return typeof expected === 'object' ? expected : {};
}

/** The body as it is sent; undefined for none. */
export function bodyOf({ body, body_generator: generator, body_base64: base64 }: ProtocolCase) {
  if (base64 !== undefined) return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (generator === undefined) return body ?? undefined;
  return generator.concat
    .map(({ text, repeat, times }) => text ?? (repeat ?? '').repeat(times ?? 0))
    .join('');
}
