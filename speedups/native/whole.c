/* Rounds weights to whole numbers.
 *
 * Sums in 32 bits cannot overflow: without signs, an input is at most 32768, and the weights of a unit in one block are
 * at most 65535 together. Within that each unit has a scale of its own in each block.
 */
#include "whole.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rounding may add a half to each weight, and its scale is a float: one more. */
#define LARGEST_SUM (INT32_MAX / (LARGEST + 1) - DEPTH / 2 - 1)

typedef struct {
    const char *weights;
    int inputs, units;
} Floats;

static double at(const Floats *floats, int input, int unit) {
    float weight;
    memcpy(&weight, floats->weights + ((size_t)input * floats->units + unit) * sizeof weight, sizeof weight);
    return weight;
}

/* Inputs that are large have small weights, mostly. With half of the difference taken from both, both lose less. */
static float gain_of(const Floats *floats, int input) {
    double squares = 0;
    for (int unit = 0; unit < floats->units; unit++)
        squares += at(floats, input, unit) * at(floats, input, unit);
    return (float)sqrt(sqrt(squares / floats->units));
}

/* One unit's weights of the inputs from `first` on. Inputs without a gain get zeros. */
static void round_unit(const Floats *floats, const float *gains, int first, int unit, Block *block) {
    double scaled[DEPTH] = {0}, largest = 0, sum = 0;
    for (int i = 0; i < DEPTH && first + i < floats->inputs; i++) {
        if (gains[first + i] > 0)
            scaled[i] = at(floats, first + i, unit) / gains[first + i];
        largest = fmax(largest, fabs(scaled[i]));
        sum += fabs(scaled[i]);
    }
    float worth = (float)fmax(largest / LARGEST, sum / LARGEST_SUM);
    int nothing = worth < FLT_MIN;
    block->worth[unit % ACROSS] = nothing ? 0 : worth;
    for (int i = 0; i < DEPTH; i++)
        block->weights[i / 2][unit % ACROSS][i % 2] = nothing ? 0 : (int16_t)rint(scaled[i] / worth);
}

static size_t padded(size_t floats) { return (floats + 15) / 16 * 16; }

size_t whole_bytes(int inputs, int units, int span, int kept) {
    size_t floats = padded(inputs) + padded((size_t)inputs / span * kept * units);
    return blocks_of(inputs, units) * sizeof(Block) + floats * sizeof(float);
}

Whole whole_round(const char *weights, int inputs, int units, int span, int kept, void *storage) {
    Floats from = {weights, inputs, units};
    Block *blocks = storage;
    float *gains = (float *)(blocks + blocks_of(inputs, units)), *floats = gains + padded(inputs), *to = floats;
    for (int input = 0; input < inputs; input++)
        gains[input] = input % span < kept ? 0 : gain_of(&from, input);
    for (int across = 0; across < units; across += ACROSS) {
        for (int first = 0; first < inputs; first += DEPTH, blocks++)
            for (int unit = 0; unit < ACROSS; unit++)
                round_unit(&from, gains, first, across + unit, blocks);
        for (int input = 0; input < inputs; input++)
            for (int unit = 0; input % span < kept && unit < ACROSS; unit++)
                *to++ = (float)at(&from, input, across + unit);
    }
    return (Whole){.span = span, .kept = kept, .blocks = storage, .floats = floats, .gains = gains};
}
