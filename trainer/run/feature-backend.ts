/**
 * Where features are extracted: what a host lends a run for it. How it is done: `pipeline/features/feature-extractor.ts`
 * in this thread, `node/feature-threads.ts` in several.
 */
import type { StoredInput } from '../../shared/events/schema.ts';
import type { PictureRanges } from '../../shared/model/spec/augmentation.ts';
import type { BaseFiles } from '../../shared/model/run/servable.ts';
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import type { PictureDraw } from '../augment/picture-draw.ts';

/** The base, and what goes into it. */
export interface ExtractionTask {
  readonly input: InputSpec;
  readonly base: BaseFiles;
  /** What comes in from outside of pictures that are changed first. */
  readonly fill?: PictureRanges['fill'];
}

/** An example as it is stored. */
export interface StoredRow {
  readonly id: string;
  readonly input: StoredInput;
  /** Of an input that is an object of its own; left out where it is not there. */
  readonly bytes?: Uint8Array;
  /** How its picture is changed first. */
  readonly draw?: PictureDraw;
}

/** Examples that go through the base together. */
export type ExampleBatch = readonly StoredRow[];

export interface ExtractedFeatures {
  /** [rows, features] */
  readonly features: Float32Array<ArrayBuffer>;
  /** What it took, without the wait for its turn. */
  readonly computeMs: number;
}

export interface FeatureExtractor {
  /** Features of an example. */
  readonly size: number;
  /**
   * The features of the examples of a batch.
   *
   * @throws RunFailure by the example that is missing or altered, or when the base can't be loaded
   */
  extract(batch: ExampleBatch): Promise<ExtractedFeatures>;
  /** Ends what is under way, and gives everything back. */
  close(): Promise<void>;
}

/** Where extractors are opened, and how many batches may be under way at once on each. */
export interface FeatureBackend {
  readonly concurrency: number;
  open(task: ExtractionTask): FeatureExtractor;
}
