/**
 * Tensors as bytes: the Open Inference Protocol's extension for binary tensor data. JSON first, its length in a header,
 * then the elements, little-endian, in the order of the tensors.
 */
export interface Tensor {
    /** the batch first */
    readonly shape: readonly number[];
    readonly data: Float32Array | Float64Array | Int32Array | Uint8Array | readonly string[];
}
export interface OutputTensor {
    readonly shape: readonly number[];
    readonly data: Float32Array | readonly string[];
}
/** Strings go in the JSON, numbers behind it. All platforms that run JavaScript today are little-endian. */
export declare function encodeTensors(tensors: Readonly<Record<string, Tensor>>, parameters?: object): {
    readonly body: Uint8Array<ArrayBuffer>;
    readonly jsonBytes: number;
};
/** @param jsonBytes  how many of the bytes are JSON */
export declare function decodeTensors(bytes: ArrayBuffer, jsonBytes: number): Record<string, OutputTensor>;
