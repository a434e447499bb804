// The C library that the decoders need. Memory is handed out upwards and taken back all at once, before the next
// picture; only the block handed out last is taken back, or grows, by itself.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pictures.h"

extern uint8_t __heap_base;

enum { ALIGNMENT = 16, PAGE_BYTES = 65536 };
// With the stack and the tables below the heap. What a host has to spare may be less.
static const size_t MAX_BYTES = 64 << 20;

static size_t room = 64 << 20;
static uintptr_t top = 0;
static uintptr_t last = 0;

__attribute__((export_name("reset"))) void reset_memory(size_t bytes) {
  room = bytes < MAX_BYTES ? bytes : MAX_BYTES;
  top = ((uintptr_t)&__heap_base + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
  last = 0;
}

// Every block has its size before it.
static size_t *size_of(void *block) { return (size_t *)((uint8_t *)block - ALIGNMENT); }

// The decoders' own answers to a lack of memory differ, and none says what it is.
__attribute__((export_name("allocate"))) void *malloc(size_t bytes) {
  if (bytes > room || top + bytes + 2 * ALIGNMENT > room) fail(TOO_MUCH_MEMORY);
  uintptr_t block = top + ALIGNMENT;
  uintptr_t end = (block + bytes + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
  size_t pages = (end + PAGE_BYTES - 1) / PAGE_BYTES;
  size_t present = __builtin_wasm_memory_size(0);
  if (pages > present && __builtin_wasm_memory_grow(0, pages - present) == (size_t)-1) fail(TOO_MUCH_MEMORY);
  top = end;
  last = block;
  *size_of((void *)block) = bytes;
  return (void *)block;
}

void free(void *block) {
  if (block == NULL || (uintptr_t)block != last) return;
  top = last - ALIGNMENT;
  last = 0;
}

void *calloc(size_t count, size_t bytes) {
  uint64_t size = (uint64_t)count * bytes;
  if (size > room) fail(TOO_MUCH_MEMORY);
  return memset(malloc((size_t)size), 0, (size_t)size);
}

void *realloc(void *block, size_t bytes) {
  if (block == NULL) return malloc(bytes);
  size_t before = *size_of(block);
  if ((uintptr_t)block == last) free(block);
  void *moved = malloc(bytes);
  if (moved != block) memcpy(moved, block, before < bytes ? before : bytes);
  return moved;
}

// With bulk memory the built-ins are one instruction each.
void *memcpy(void *to, const void *from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
void *memmove(void *to, const void *from, size_t bytes) { return __builtin_memmove(to, from, bytes); }
void *memset(void *to, int value, size_t bytes) { return __builtin_memset(to, value, bytes); }

int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *x = a, *y = b;
  for (size_t i = 0; i < bytes; i++)
    if (x[i] != y[i]) return x[i] - y[i];
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

_Noreturn void abort(void) { fail(DAMAGED); }
