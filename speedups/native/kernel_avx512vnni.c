#if defined(__x86_64__)
#include <immintrin.h>

#include "target.h"
BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")
#define KERNEL kernel_avx512vnni
#define KERNEL_NAME "avx512vnni"
#define LANES 16
#define TILE_ROWS 6
#define TILE_UNITS 4
#define WHOLE 1
#include "kernel.inc"
END_TARGET
#else
typedef int nothing_here;
#endif
