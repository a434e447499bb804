/**
 * Models that compute `x W + b` and nothing else, so that what they answer can be worked out by hand, and what they were
 * asked can be read off.
 */
import { encodedSize } from '../../../../shared/model/spec/input.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import { type InputSpec, type Spec, specSchema } from '../../../../shared/model/spec/spec.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { publishVersion } from '../../../../shared/registry/versions/versions.ts';
import { filesOf, promoteToy, toyManifest } from '../../support.ts';

export interface LinearModel {
  readonly name: string;
  readonly input: InputSpec;
  /** null: a regression. */
  readonly labels: readonly string[] | null;
  /** [in, out]; zeros where it is absent */
  readonly kernel?: readonly number[];
  /** [out] */
  readonly bias?: readonly number[];
  readonly version?: number;
}

export async function serveLinearModel(store: ObjectStore, model: LinearModel): Promise<void> {
  const spec = toSpec(model);
  await createModel(store, spec);
  const inputs = encodedSize(spec.input);
  const outputs = model.labels?.length ?? 1;
  const kernel = { shape: [inputs, outputs], data: new Float32Array(inputs * outputs) };
  const bias = { shape: [outputs], data: new Float32Array(outputs) };
  kernel.data.set(model.kernel ?? []);
  bias.data.set(model.bias ?? []);
  const files = filesOf([{ kernel, bias, activation: 'linear' }]);
  const version = model.version ?? 1;
  await publishVersion(store, { ...toyManifest(spec, version, files), constants: unscaled(spec) }, files);
  await promoteToy(store, spec, version);
}

export function toSpec({ name, input, labels }: LinearModel): Spec {
  const task =
    labels === null ? { task: 'regression', target: { name: 'y' } } : { task: 'classification', labels };
  return specSchema.parse({ format: 'holdfast-spec/1', name, input, ...task, salt: 'cd'.repeat(32) });
}

function unscaled({ input }: Spec) {
  if (input.kind !== 'tabular') return null;
  const numbers = input.features.filter(({ type }) => type === 'number');
  return { mean: numbers.map(() => 0), scale: numbers.map(() => 1) };
}

export function numbers(...names: readonly string[]): InputSpec {
  return { kind: 'tabular', features: names.map((name) => ({ name, type: 'number' })) };
}

export function words(values: readonly string[], ...names: readonly string[]): InputSpec {
  return {
    kind: 'tabular',
    features: names.map((name) => ({ name, type: 'category', values: [...values] })),
  };
}

export function greyImage(height: number, width: number): InputSpec {
  return { kind: 'image', height, width, channels: 1, scale: 1, offset: 0 };
}

/** [n, n], row by row. */
export function diagonal(n: number, value: number): number[] {
  return Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) === i % n ? value : 0));
}
