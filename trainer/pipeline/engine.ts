/**
 * The binaries that everything numeric is computed by, by file and SHA-256. Written by `npm run build:engine`.
 */
export const ENGINE: Readonly<Record<string, string>> = {
  'kernels.wasm': 'c3a0166e5444ef9bde65fcee3efcf7fb71179a456f20a1fb11c5e258fdb8faf6',
  'inference.wasm': 'c96c1a96f63c6998aa1267a1e4142c0fdc579f5c0093ab0495d6168bbf6b0be1',
  'tfjs-backend-wasm-simd.wasm': '77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b',
};
