/**
 * The binaries that everything numeric is computed by, by file and SHA-256. Written by `npm run build:engine`.
 */
export const ENGINE: Readonly<Record<string, string>> = {
  'kernels.wasm': '0b6fe961bf5658f56890d6a3f51833a5cf1d1aedf3c762fc8a1ae8841e429a64',
  'inference.wasm': '713cd295ae7c6ae59a2757f13690370c5bc6e7da29e9947d996caaa6dbb25b8f',
  'tfjs-backend-wasm-simd.wasm': '77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b',
};
