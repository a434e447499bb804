/** What a call that did not succeed throws. */
export declare class HoldfastError extends Error {
    readonly name = "HoldfastError";
    /** of the last answer; null where there was none: the network failed, or time was over */
    readonly status: number | null;
    /** leads an operator to the cause in the log; null where there is none */
    readonly requestId: string | null;
    constructor(message: string, facts: {
        readonly status: number | null;
        readonly requestId: string | null;
        readonly cause?: unknown;
    });
}
/** An answer with all of its body. */
export interface Answer {
    readonly status: number;
    readonly headers: Headers;
    readonly bytes: ArrayBuffer;
}
/** What an answer says that is an error: `{"error"}`, RFC 9457, or whatever a proxy between says. */
export declare function toError({ status, headers, bytes }: Answer): HoldfastError;
/** As UTF-8. */
export declare function toText(bytes: ArrayBuffer): string;
