#if defined(__x86_64__)
#include "target.h"
BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define KERNEL kernel_avx512
#define KERNEL_NAME "avx512"
#define LANES 16
#define TILE_ROWS 6
#define TILE_UNITS 4
#include "kernel.inc"
END_TARGET
#else
typedef int nothing_here;
#endif
