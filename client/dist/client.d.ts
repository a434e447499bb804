import { type Instance } from './json.ts';
import { type OutputTensor, type Tensor } from './tensors.ts';
export { HoldfastError } from './errors.ts';
export type { Bytes, Instance, Numbers, Value } from './json.ts';
export type { OutputTensor, Tensor } from './tensors.ts';
export interface ClientOptions {
    /** of the deployment: `https://holdfast.example` */
    readonly url: string;
    /** with the scopes that the calls need; without one only health answers */
    readonly key?: string;
    /** in place of the platform's: of a service binding, say */
    readonly fetch?: typeof fetch;
    /** for a call with all its attempts; 30,000 when absent */
    readonly timeoutMs?: number;
    /** attempts after the first; 3 when absent */
    readonly retries?: number;
}
export interface CallOptions {
    /** Ends the call, whatever it waits for. */
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
}
/** Which version is asked; the one that serves when neither is given. */
export interface ModelOptions extends CallOptions {
    readonly version?: number;
    readonly label?: 'champion';
}
/** Of a user, a device, a session: its examples are together trained on, or together judge. null and '' are none. */
export type Group = string | number | null;
/** `group`: of all instances, or a list with one for each. */
export interface PredictOptions extends ModelOptions {
    readonly group?: Group | readonly Group[];
}
/** What every prediction has. */
export interface Predicted {
    /** that answered */
    readonly version: number;
    readonly predictionId: string;
}
export interface Prediction extends Predicted {
    /** [instances, labels]; of a regression [instances, 1], or [instances] where the instances were bare values */
    readonly predictions: readonly (readonly number[])[] | readonly number[];
    /** the most probable label of each instance, null where there is none; none at all of a regression */
    readonly labels: readonly (string | null)[];
    /** what feedback for each instance is given for */
    readonly predictionIds: readonly string[];
}
export interface Classification extends Predicted {
    /** of each example: every label with its score */
    readonly results: readonly (readonly (readonly [label: string, score: number])[])[];
}
export interface Regression extends Predicted {
    readonly results: readonly number[];
}
export interface Inference extends Predicted {
    /** by name: `probabilities` and `label`, or of a regression `prediction` */
    readonly outputs: Readonly<Record<string, OutputTensor>>;
}
/** A label by its name, or by the number or truth that its name says; of a regression the number. */
export type Label = string | number | boolean;
/** `flip`: the answer was right before an update and is wrong now. */
export type FeedbackItem = {
    readonly predictionId: string;
    readonly label: Label;
    /** in place of the one that was predicted with */
    readonly group?: Group;
    readonly flip?: boolean;
} | {
    readonly instance: Instance;
    readonly label: Label;
    /** Counts once for each id, as it came last. Without one: once for each content, timestamp and group. */
    readonly id?: string | number;
    /** ISO 8601 as a text, seconds or milliseconds since 1970 as a number */
    readonly timestamp?: Date | string | number;
    readonly group?: Group;
    readonly flip?: boolean;
};
export interface Feedback {
    /** how many items are durable */
    readonly accepted: number;
    /** `items[3].label: expected one of "a", "b", got "c"` */
    readonly rejected: readonly {
        readonly index: number;
        readonly error: string;
    }[];
}
export interface VersionStatus {
    readonly version: string;
    readonly state: 'AVAILABLE' | 'LOADING';
    readonly status: {
        readonly error_code: 'OK' | 'UNAVAILABLE';
        readonly error_message: string;
    };
}
export interface TensorMetadata {
    readonly name: string;
    readonly datatype: 'FP32' | 'BYTES';
    readonly shape: readonly number[];
}
export interface ModelMetadata {
    readonly name: string;
    readonly versions: readonly string[];
    readonly platform: string;
    readonly inputs: readonly TensorMetadata[];
    readonly outputs: readonly TensorMetadata[];
}
/** All of these throw `HoldfastError`; a call that is aborted throws what its signal was aborted with. */
export interface Client {
    predict(model: string, instances: readonly Instance[], options?: PredictOptions): Promise<Prediction>;
    /** Examples by feature name, of a classification. */
    classify(model: string, examples: readonly Instance[], options?: PredictOptions): Promise<Classification>;
    /** Examples by feature name, of a regression. */
    regress(model: string, examples: readonly Instance[], options?: PredictOptions): Promise<Regression>;
    /** Tensors in, tensors out, as bytes: one of all numbers, or one for each feature by its name. */
    infer(model: string, input: Tensor | Readonly<Record<string, Tensor>>, options?: PredictOptions): Promise<Inference>;
    /** Items that are refused are in the answer, also when all of them are. */
    feedback(model: string, items: readonly FeedbackItem[], options?: CallOptions): Promise<Feedback>;
    /** The version that serves, and before it one that is on its way. */
    status(model: string, options?: ModelOptions): Promise<readonly VersionStatus[]>;
    /** What the model takes and gives. */
    metadata(model: string, options?: ModelOptions): Promise<ModelMetadata>;
}
/** A client of one deployment. */
export declare function createClient(options: ClientOptions): Client;
