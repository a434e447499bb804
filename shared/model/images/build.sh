#!/usr/bin/env bash
# Builds decoders.wasm from source/*.c and four libraries, and records its digest, or checks that the committed binary
# is what they give.
#
#   npm run build:decoders              writes decoders.wasm and decoders.wasm.sha256
#   npm run build:decoders -- --check   builds aside and compares; changes nothing
#
# The libraries are fetched, with their digests checked, to $SOURCES (default: a folder that is deleted afterwards).
# Needs clang 22 and lld 22, on Debian: apt-get install --no-install-recommends clang-22 lld-22
# Another version may order instructions differently: as right, but with another digest. CLANG names another clang.
set -euo pipefail
cd "$(dirname "$0")"

clang=${CLANG:-clang-22}
command -v "$clang" >/dev/null || {
  echo "expected $clang on the PATH: apt-get install --no-install-recommends clang-22 lld-22" >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=${SOURCES:-$work}

# The releases as Debian keeps them.
fetch() { # <folder of the pool> <file> <sha256>
  [ -f "$sources/$2" ] || curl -fsSL -m 300 "https://deb.debian.org/debian/pool/main/$1/$2" -o "$sources/$2"
  echo "$3  $sources/$2" | sha256sum --check --quiet
  tar -xzf "$sources/$2" -C "$work"
}
fetch libj/libjpeg-turbo libjpeg-turbo_2.1.5.orig.tar.gz 254f3642b04e309fee775123133c6464181addc150499561020312ec61c1bf7c
fetch libp/libpng1.6 libpng1.6_1.6.48.orig.tar.gz b17e99026055727e8cba99160c3a9a7f9af788e9f786daeadded5a42243f1dd0
fetch z/zlib zlib_1.3.dfsg+really1.3.1.orig.tar.gz 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb
fetch libw/libwebp libwebp_1.5.0.orig.tar.gz 7d6fab70cf844bf6769077bd5d7a74893f8ffd4dfb42861745750c63c2a5c92c
jpeg=$work/libjpeg-turbo-2.1.5 png=$work/libpng-1.6.48 zlib=$work/zlib-1.3.1 webp=$work/libwebp-1.5.0

# What is not used: reduction to palettes, fast and inexact transforms and upsampling, guesses at scans that never come.
sed -i -E '/define (QUANT_[12]PASS|DCT_IFAST|DCT_FLOAT|IDCT_SCALING|UPSAMPLE_MERGING|BLOCK_SMOOTHING)_SUPPORTED/d' "$jpeg/jmorecfg.h"

# The compiler's own headers, and those of include/ in place of a C library.
target=(--target=wasm32 -std=c17 -nostdlibinc -isystem source/include -isystem "$jpeg" -isystem "$png" -isystem "$zlib"
  -isystem "$webp" -mbulk-memory -msimd128 -ffp-contract=off -fvisibility=hidden -DNDEBUG)

compile() { # <optimisation> <file>…
  local optimisation=$1 file
  shift
  for file in "$@"; do
    objects+=("$work/${#objects[@]}.o")
    "$clang" "${target[@]}" "$optimisation" "${flags[@]}" -c "$file" -o "${objects[-1]}"
  done
}

objects=()
flags=(-Wall -Wextra -Werror)
compile -O3 source/resample.c
compile -Oz source/{decode,jpeg,memory,orientation,png,webp}.c

# Loops over pixels are made for speed, everything else for size.
flags=(-w)
compile -O2 "$jpeg"/jidctint.c
compile -Os "$jpeg"/{jdhuff,jdsample}.c
compile -Oz "$jpeg"/{jcomapi,jdapimin,jdapistd,jdcoefct,jdcolor,jddctmgr,jdinput,jdmainct,jdmarker,jdmaster,jdphuff,jdpostct}.c \
  "$jpeg"/{jmemmgr,jmemnobs,jsimd_none,jutils}.c
flags=(-w -DDYNAMIC_CRC_TABLE)
compile -O2 "$zlib"/inffast.c
compile -Oz "$zlib"/{adler32,crc32,inflate,inftrees,zutil}.c "$png"/{png,pngerror,pngget,pngmem,pngread,pngrio,pngrtran,pngrutil,pngset,pngtrans}.c
flags=(-w -DWEBP_DISABLE_STATS -DWEBP_REDUCE_CSP)
compile -Oz "$webp"/src/dec/*.c \
  "$webp"/src/utils/{bit_reader_utils,color_cache_utils,filters_utils,huffman_utils,quant_levels_dec_utils,random_utils,rescaler_utils,thread_utils,utils}.c \
  "$webp"/src/dsp/{alpha_processing,cpu,dec_clip_tables,filters,lossless,rescaler}.c
compile -Os "$webp"/src/dsp/{dec,upsampling,yuv}.c

"$clang" --target=wasm32 -nostdlib -Wl,--no-entry -Wl,--strip-all -Wl,--gc-sections -Wl,-z,stack-size=131072 \
  -Wl,--max-memory=67108864 -Wl,--stack-first "${objects[@]}" -o "$work/decoders.wasm"

if [ "${1:-}" = --check ]; then
  cmp "$work/decoders.wasm" decoders.wasm && echo "decoders.wasm is what the sources give"
  exit
fi
cp "$work/decoders.wasm" decoders.wasm
chmod 644 decoders.wasm
sha256sum decoders.wasm | tee decoders.wasm.sha256
