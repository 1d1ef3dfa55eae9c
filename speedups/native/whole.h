/* Weights as whole numbers of 16 bits, which some processors multiply in half the time of floats. */
#ifndef VOXWIRE_WHOLE_H
#define VOXWIRE_WHOLE_H

#include <stddef.h>
#include <stdint.h>

enum {
    DEPTH = 8,                    /* inputs whose products are summed in 32 bits; these sums are added as floats */
    ACROSS = 32,                  /* units of a block */
    LARGEST = 32767,
};

/* DEPTH inputs of ACROSS units: weights of two inputs side by side, and what a step of a unit's weights is worth. */
typedef struct {
    float worth[ACROSS];
    int16_t weights[DEPTH / 2][ACROSS][2];
} Block;

/* (inputs, units) weights: blocks of ACROSS units, and within each the blocks of its inputs. */
typedef struct {
    int span, kept;               /* of every `span` inputs, the first `kept` ones remain floats */
    const Block *blocks;          /* where these are zeros; NULL if all is floats */
    const float *floats;          /* those weights of ACROSS units, input by input, and then of the next units */
    const float *gains;           /* of each input: its values are multiplied by this before they are rounded */
} Whole;

static inline size_t blocks_of(int inputs, int units) {
    return (size_t)(inputs + DEPTH - 1) / DEPTH * (units / ACROSS);
}

/* Bytes that these need, a multiple of those that a block is aligned to. */
size_t whole_bytes(int inputs, int units, int span, int kept);
/* Rounds floats, which may be at any address, into so many bytes at `storage`. */
Whole whole_round(const char *weights, int inputs, int units, int span, int kept, void *storage);

#endif
