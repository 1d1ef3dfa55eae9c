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

#define SHUFFLE(a, b, lanes) __builtin_shuffle(a, b, lanes)

#endif
