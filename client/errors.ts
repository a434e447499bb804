/** What a call that did not succeed throws. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  /** of the last answer; null where there was none: the network failed, or time was over */
  readonly status: number | null;
  /** leads an operator to the cause in the log; null where there is none */
  readonly requestId: string | null;

  constructor(
    message: string,
    facts: { readonly status: number | null; readonly requestId: string | null; readonly cause?: unknown },
  ) {
    super(message, { cause: facts.cause });
    this.status = facts.status;
    this.requestId = facts.requestId;
  }
}

/** An answer with all of its body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: ArrayBuffer;
}

/** What an answer says that is an error: `{"error"}`, RFC 9457, or whatever a proxy between says. */
export function toError({ status, headers, bytes }: Answer): HoldfastError {
  const requestId = headers.get('holdfast-request-id') ?? headers.get('cf-ray');
  return new HoldfastError(`${status}: ${messageOf(toText(bytes))}`, { status, requestId });
}

/** As UTF-8. */
export function toText(bytes: ArrayBuffer): string {
  return new TextDecoder().decode(bytes);
}

function messageOf(text: string): string {
  try {
    const { error, detail } = JSON.parse(text) as { readonly error?: unknown; readonly detail?: unknown };
    const message = error ?? detail;
    if (typeof message === 'string') return message;
  } catch {
    // What is no JSON is shown as it is.
  }
  return text.slice(0, 200) || 'no message';
}
