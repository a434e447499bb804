/**
 * A model to measure, and how it travels to the Worker that measures it: as a form with one part a file.
 */
import type { Spec } from '../../shared/model/spec/spec.ts';
import { VERSION_FILES, type VersionFile } from '../../shared/registry/store/keys.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';

export interface BenchModel {
  readonly spec: Spec;
  readonly manifest: Manifest;
  readonly files: Readonly<Record<VersionFile, Uint8Array>>;
  /** The same model for ONNX Runtime. */
  readonly onnx: Uint8Array;
}

export function toForm({ spec, manifest, files, onnx }: BenchModel): FormData {
  const form = new FormData();
  form.set('spec', JSON.stringify(spec));
  form.set('manifest', JSON.stringify(manifest));
  for (const name of VERSION_FILES) form.set(name, new Blob([new Uint8Array(files[name])]), name);
  form.set('model.onnx', new Blob([new Uint8Array(onnx)]), 'model.onnx');
  return form;
}

/** Reads what `toForm` wrote; the two ends are one program, so nothing is checked. */
export async function fromForm(form: FormData): Promise<BenchModel> {
  const bytes = async (name: VersionFile | 'model.onnx') =>
    new Uint8Array(await (form.get(name) as File).arrayBuffer());
  return {
    spec: JSON.parse(form.get('spec') as string) as Spec,
    manifest: JSON.parse(form.get('manifest') as string) as Manifest,
    files: {
      'model.json': await bytes('model.json'),
      'weights.bin': await bytes('weights.bin'),
      'edge.json': await bytes('edge.json'),
      'edge.bin': await bytes('edge.bin'),
    },
    onnx: await bytes('model.onnx'),
  };
}
