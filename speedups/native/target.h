/* How a file says for which processor its functions are compiled, and how it mixes the lanes of two vectors. */
#ifndef VOXWIRE_TARGET_H
#define VOXWIRE_TARGET_H

/* Before a target is chosen: what they define must be usable everywhere. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernel.h"

#define PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define BEGIN_TARGET(names) PRAGMA(clang attribute push(__attribute__((target(names))), apply_to = function))
#define END_TARGET PRAGMA(clang attribute pop)
#else
#define BEGIN_TARGET(names) PRAGMA(GCC target(names))
#define END_TARGET
#endif

/* Before a loop over registers, of which nothing may be left. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* The lower or the upper halves of two vectors, interleaved: a0 b0 a1 b1 ... GCC has had the second form only since 12. */
#if defined(__clang__)
#define MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIX(a, b, ...) __builtin_shuffle(a, b, (Integers){__VA_ARGS__})
#endif

#endif
