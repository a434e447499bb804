/**
 * Values on their way out, and JSON on its way in.
 */
/** Bytes of an encoded image. */
export type Bytes = Blob | ArrayBuffer | Uint8Array;
/** Numbers that are sent as a list. */
export type Numbers = Float32Array | Float64Array | Int32Array;
/** null: a value that is missing, where the model lets it be. */
export type Value = number | string | boolean | null | Bytes | Numbers | readonly Value[];
/** A list in the order of the features, an object by feature name, an image, or a bare value. */
export type Instance = Value | {
    readonly [feature: string]: Value;
};
/** Images as `{"b64"}`, typed arrays as lists, at the top of an instance and one level below; deeper lists as they are. */
export declare function encodeInstance(instance: Instance): Promise<unknown>;
/** JSON with bare NaN, Infinity and -Infinity, as TensorFlow Serving writes them. */
export declare function parseAnswer(text: string): unknown;
