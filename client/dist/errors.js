/** What a call that did not succeed throws. */
export class HoldfastError extends Error {
    name = 'HoldfastError';
    /** of the last answer; null where there was none: the network failed, or time was over */
    status;
    /** leads an operator to the cause in the log; null where there is none */
    requestId;
    constructor(message, facts) {
        super(message, { cause: facts.cause });
        this.status = facts.status;
        this.requestId = facts.requestId;
    }
}
/** What an answer says that is an error: `{"error"}`, RFC 9457, or whatever a proxy between says. */
export function toError({ status, headers, bytes }) {
    const requestId = headers.get('holdfast-request-id') ?? headers.get('cf-ray');
    return new HoldfastError(`${status}: ${messageOf(toText(bytes))}`, { status, requestId });
}
/** As UTF-8. */
export function toText(bytes) {
    return new TextDecoder().decode(bytes);
}
function messageOf(text) {
    try {
        const { error, detail } = JSON.parse(text);
        const message = error ?? detail;
        if (typeof message === 'string')
            return message;
    }
    catch {
        // What is no JSON is shown as it is.
    }
    return text.slice(0, 200) || 'no message';
}
