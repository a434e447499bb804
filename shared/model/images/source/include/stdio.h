// Names only: the decoders that are built write nothing and read no files.
#pragma once
#include <stddef.h>
typedef struct file FILE;
