#!/usr/bin/env bash
# Builds kernels.wasm from source/*.c and records its digest, or checks that the committed binary is what they give.
#
#   npm run build:kernels              writes kernels.wasm and kernels.wasm.sha256
#   npm run build:kernels -- --check   builds aside and compares; changes nothing
#
# Needs clang 22 and lld 22, on Debian: apt-get install --no-install-recommends clang-22 lld-22
# Another version may order instructions differently: as right, but with another digest. CLANG names another clang.
set -euo pipefail
cd "$(dirname "$0")"

clang=${CLANG:-clang-22}
command -v "$clang" >/dev/null || {
  echo "expected $clang on the PATH: apt-get install --no-install-recommends clang-22 lld-22" >&2
  exit 1
}

built=$(mktemp)
trap 'rm -f "$built"' EXIT
# The memory is imported: the caller's own, or the heap of the TensorFlow.js backend. On that heap the stack must lie
# in a block the caller allocated, hence the exported stack pointer.
"$clang" --target=wasm32 -std=c17 -O3 -msimd128 -mbulk-memory -ffp-contract=off -nostdlib -ffreestanding \
  -Wall -Wextra -Werror \
  -Wl,--no-entry -Wl,--import-memory -Wl,--export=__stack_pointer -Wl,--strip-all \
  source/*.c -o "$built"

if [ "${1:-}" = --check ]; then
  cmp "$built" kernels.wasm && echo "kernels.wasm is what source/ gives"
  exit
fi
cp "$built" kernels.wasm
chmod 644 kernels.wasm
sha256sum kernels.wasm | tee kernels.wasm.sha256
