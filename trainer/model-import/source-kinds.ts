/**
 * What a file that is no tfjs model is, by its first bytes or its name, and what makes one of it.
 */

/** `json`: a model.json. `hdf5`, `zip`: looked into. Otherwise a refusal in words. */
export type SourceKind = 'json' | 'hdf5' | 'zip' | { readonly refusal: string };

const CONVERTER = 'pip install tensorflowjs, then tensorflowjs_converter';

const REFUSALS = {
  tflite:
    'a TensorFlow Lite model, whose operations are fused and quantised for other hardware: import the model that it was made from (of Teachable Machine, the export "Tensorflow.js")',
  savedModel: `a TensorFlow SavedModel: convert it (${CONVERTER} --input_format=tf_saved_model --output_format=tfjs_graph_model <its folder> <out>) and import <out>`,
  onnx: `an ONNX model: convert it (pip install onnx2tf, then onnx2tf -i <model.onnx> -o saved; ${CONVERTER} --input_format=tf_saved_model saved <out>) and import <out>`,
  pytorch: `a PyTorch checkpoint: export it (torch.onnx.export), convert that (onnx2tf -i <model.onnx> -o saved; ${CONVERTER} --input_format=tf_saved_model saved <out>) and import <out>`,
  weights:
    'weights alone, without the model that they belong to: save the whole model, in Keras with model.save',
  pickle: 'a pickled object of Python, which only Python can read',
  picture: 'a picture: a model was expected',
  page: 'a web page: a model was expected',
} as const;

const BY_NAME: readonly (readonly [RegExp, keyof typeof REFUSALS])[] = [
  [/\.(tflite|lite|task)$/i, 'tflite'],
  [/\.onnx$/i, 'onnx'],
  [/\.pb$/i, 'savedModel'],
  [/\.(pt|pth|ckpt)$/i, 'pytorch'],
  [/\.(safetensors|gguf|bin)$/i, 'weights'],
  [/\.(pkl|joblib)$/i, 'pickle'],
];

const BY_BYTES: readonly (readonly [number, string, SourceKind | keyof typeof REFUSALS])[] = [
  [0, '\x89HDF\r\n\x1a\n', 'hdf5'],
  [0, 'PK\x03\x04', 'zip'],
  [4, 'TFL3', 'tflite'],
  [0, '\x89PNG', 'picture'],
  [0, '\xff\xd8\xff', 'picture'],
  [0, 'GGUF', 'weights'],
  [0, '\x80\x02', 'pickle'],
];

/**
 * @param bytes  the file's, or its beginning
 * @param path   names it in messages; its ending decides where its bytes don't
 */
export function kindOfSource(bytes: Uint8Array, path: string): SourceKind {
  const start = Array.from(bytes.subarray(0, 16), (byte) => String.fromCharCode(byte)).join('');
  const known = BY_BYTES.find(([at, magic]) => start.startsWith(magic, at))?.[2];
  if (known === 'hdf5' || known === 'zip') return known;
  if (typeof known === 'string' && known in REFUSALS) return refuse(path, known as keyof typeof REFUSALS);
  const named = BY_NAME.find(([ending]) => ending.test(path))?.[1];
  return named === undefined ? 'json' : refuse(path, named);
}

/** What else a folder without a model.json, or an archive, has in it; null where nothing is known of it. */
export function describeContents(names: readonly string[], where: string): string | null {
  const inside = names.find((name) => /(^|\/)data\.pkl$/.test(name));
  if (inside !== undefined) return `${where} is ${REFUSALS.pytorch}`;
  const keras = names.find((name) => /\.(keras|h5|hdf5)$/i.test(name));
  if (keras !== undefined) return `${where}: there is no model.json; name the file itself: ${keras}`;
  const other = names.find((name) => /\.json$/i.test(name) && !/metadata|manifest|labels|_meta/i.test(name));
  for (const [ending, kind] of BY_NAME) {
    const found = names.find((name) => ending.test(name) && !(kind === 'weights' && other !== undefined));
    if (found !== undefined) return `${where}: there is no model.json, and ${found} is ${REFUSALS[kind]}`;
  }
  return other === undefined
    ? null
    : `${where}: there is no model.json; if it goes by another name, name the file itself: ${other}`;
}

function refuse(path: string, kind: keyof typeof REFUSALS): SourceKind {
  return { refusal: `${path} is ${REFUSALS[kind]}` };
}
