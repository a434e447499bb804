/**
 * The binaries that everything numeric is computed by, by file and SHA-256. Written by `npm run build:engine`.
 */
export const ENGINE: Readonly<Record<string, string>> = {
  'kernels.wasm': 'fc5aaf6fef29dac549d671bab332c4bdf857dcc4891ad7c87b57848f88e9440c',
  'inference.wasm': 'cce77b1e5e1bff763c789e8c8faed4ebf9bf10f1238ed55636db1b5fd14b0d09',
  'tfjs-backend-wasm-simd.wasm': '77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b',
};
