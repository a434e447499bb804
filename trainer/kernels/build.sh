#!/usr/bin/env bash
# Builds the kernels' four binaries and records their digests, or checks that the committed ones are what the sources
# give: kernels.wasm (training, source/*.c) here; and in shared/model/kernels inference.wasm (source/inference/*.c),
# apart because the edge Worker has no use for training, and panel.wasm (source/inference/panel.wat), which uses what C
# can't express, and tfjs.wasm, which is the installed TensorFlow.js's less what no plan calls (tfjs-exports.json). Headers that both are built with lie in shared/model/kernels/source.
#
#   npm run build:kernels              writes both, and <name>.wasm.sha256 beside them
#   npm run build:kernels -- --check   builds aside and compares; changes nothing
#
# Needs clang 22 and lld 22, on Debian: apt-get install --no-install-recommends clang-22 lld-22
# Another version may order instructions differently: as right, but with another digest. CLANG names another clang.
# Binaryen's assembler comes from the npm registry, of a fixed version.
set -euo pipefail
cd "$(dirname "$0")"

clang=${CLANG:-clang-22}
command -v "$clang" >/dev/null || {
  echo "expected $clang on the PATH: apt-get install --no-install-recommends clang-22 lld-22" >&2
  exit 1
}

built=$(mktemp)
trap 'rm -f "$built"' EXIT

# build <name> <argument>...: the memory is imported, the caller's own or the heap of the TensorFlow.js backend.
build() {
  local name=$1
  shift
  "$clang" --target=wasm32 -std=c17 -O3 -msimd128 -mbulk-memory -ffp-contract=off -nostdlib -ffreestanding \
    -Wall -Wextra -Werror -Wl,--no-entry -Wl,--import-memory -Wl,--strip-all "$@" -o "$built"
  finish "$name"
}

# finish <name>: what was built becomes <name>.wasm, or is compared with it.
finish() {
  if [ "$check" = --check ]; then
    cmp "$built" "$1.wasm" && echo "$1.wasm is what its sources give"
  else
    cp "$built" "$1.wasm"
    chmod 644 "$1.wasm"
    sha256sum "$1.wasm" | tee "$1.wasm.sha256"
  fi
}

check=${1:-}
inference=../../shared/model/kernels
# On somebody's heap the stack must lie in a block the caller allocated, hence the exported stack pointer.
build kernels -I "$inference/source" -Wl,--export=__stack_pointer source/*.c
cd "$inference"
# These need no stack at all.
build inference source/inference/*.c
npx --yes --package binaryen@132.0.0 wasm-as --enable-gc --enable-reference-types --enable-simd \
  source/inference/panel.wat -o "$built"
finish panel
# Whole functions go, by what the exports reach; those that stay are not touched, so the bits stay what they were.
npx --yes --package binaryen@132.0.0 wasm-metadce --enable-simd --enable-sign-ext --enable-mutable-globals \
  --graph-file tfjs-exports.json -o "$built" \
  ../../../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm >/dev/null
finish tfjs

# A version says by which binaries it was trained.
[ "$check" = --check ] || node ../../../trainer/node/write-engine.ts
