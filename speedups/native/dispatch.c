/* Which of the kernels this processor can run. */
#include <stddef.h>

#include "kernel.h"

#if defined(__x86_64__)
extern const Kernel kernel_avx512vnni, kernel_avx512, kernel_avx2;
#endif
extern const Kernel kernel_baseline;

const Kernel *const *kernels(void) {
    static const Kernel *found[5];
    int count = 0;
#if defined(__x86_64__)
    int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (wide && __builtin_cpu_supports("avx512vnni"))
        found[count++] = &kernel_avx512vnni;
    if (wide)
        found[count++] = &kernel_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        found[count++] = &kernel_avx2;
#endif
    found[count] = &kernel_baseline;
    return found;
}
