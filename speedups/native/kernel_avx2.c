#if defined(__x86_64__)
#include "target.h"
BEGIN_TARGET("avx2,fma")
#define KERNEL kernel_avx2
#define KERNEL_NAME "avx2"
#define LANES 8
#define TILE_ROWS 6
#define TILE_UNITS 2
#include "kernel.inc"
END_TARGET
#else
typedef int nothing_here;
#endif
