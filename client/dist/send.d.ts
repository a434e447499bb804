/**
 * One call: as many attempts as its rules and its time allow. Everything this client sends may be repeated: predicting
 * changes nothing, and feedback that is repeated counts once.
 */
import { type Answer } from './errors.ts';
export type Body = string | Uint8Array<ArrayBuffer>;
export interface SendOptions {
    readonly fetch: typeof fetch;
    /** of a call, all attempts and the pauses between them included */
    readonly timeoutMs: number;
    /** attempts after the first */
    readonly retries: number;
    readonly signal: AbortSignal | undefined;
}
/**
 * @param accepts  statuses beside 2xx that the caller reads itself
 * @throws HoldfastError; what `signal` was aborted with, when it was
 */
export declare function send(url: string, request: {
    readonly method: 'GET' | 'POST';
    readonly headers: Headers;
    readonly body: Body | null;
}, { fetch, timeoutMs, retries, signal }: SendOptions, accepts?: readonly number[]): Promise<Answer>;
