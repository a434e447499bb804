/**
 * The binaries that everything numeric is computed by, by file and SHA-256. Written by `npm run build:engine`.
 */
export const ENGINE: Readonly<Record<string, string>> = {
  'kernels.wasm': 'fc5aaf6fef29dac549d671bab332c4bdf857dcc4891ad7c87b57848f88e9440c',
  'inference.wasm': '669747db8bfa72e1973f9fac1bd96f72d7157fd375b07d29526702b62c7da8fe',
  'panel.wasm': '7a101581f370ab3d659b08fb7d75a8a4b5e1c935a9736cb802e7da638f1ed23b',
  'tfjs-backend-wasm-simd.wasm': '77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b',
};
