/* What every processor of its kind can do: SSE2 on x86-64, NEON on arm64. */
#include "target.h"
#define KERNEL kernel_baseline
#define LANES 4
#if defined(__aarch64__)
#define KERNEL_NAME "neon"
#define TILE_ROWS 6
#define TILE_UNITS 4
#else
#define KERNEL_NAME "baseline"
#define TILE_ROWS 4
#define TILE_UNITS 2
#endif
#include "kernel.inc"
