// libjpeg-turbo as it is built here: decoding alone, no SIMD, no arithmetic coding.
#pragma once
#define JPEG_LIB_VERSION 62
#define LIBJPEG_TURBO_VERSION 2.1.5
#define LIBJPEG_TURBO_VERSION_NUMBER 2001005
#define BITS_IN_JSAMPLE 8
