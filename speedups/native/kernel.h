/* What the kernels share: sizes of the network, its packed weights, and the table of functions that each variant fills.
 *
 * A kernel is kernel.inc compiled for one kind of processor. It knows nothing of Python.
 */
#ifndef VOXWIRE_KERNEL_H
#define VOXWIRE_KERNEL_H

#include <stdint.h>

#include "whole.h"

enum {
    WINDOW = 512,                 /* samples of a window at 16 kHz */
    CONTEXT = 64,                 /* samples before it that the network hears again */
    HEARD = CONTEXT + WINDOW,
    SIGNAL = HEARD + CONTEXT,     /* as many are mirrored at the end */
    FRAME = 256,                  /* samples of one spectrum */
    HOP = 128,
    FRAMES = 4,                   /* spectra of a window */
    BINS = FRAME / 2 + 1,
    LAYERS = 4,
    TAPS = 3,
    UNITS = 128,                  /* features, and values of the LSTM's two vectors */
    GATES = 4 * UNITS,            /* in the order input, forget, output, candidate */
    CHUNK = 16,                   /* windows that are encoded together: their values stay in the cache */
    WIDEST = 16,                  /* lanes of the widest variant */
    KEPT = 4,                     /* lowest bins, never rounded: hum or an offset would take the bits of all others */
    MAX_TAPS = 50,                /* of a resampling filter: coefficients of one output */
    MAX_STRETCH = 47 + 768,       /* samples of a window at 24 kHz, with the filter's history */
};

/* (inputs, units) weights, packed by the variant's `pack`: blocks of units, and within a block input by input.
 * A variant that is `whole` has most of them as whole numbers, too. */
typedef struct {
    int inputs, units;
    const float *weights, *bias;
    Whole whole;
} Product;

/* Three taps over time, zeros beyond both ends, then ReLU. The inputs of `product` are those of the taps, in order. */
typedef struct {
    Product product;
    int inputs, frames, stride;
} Layer;

/* Makes two samples of 16 kHz of every `down` samples. A stretch is `history` samples and then those of one window. */
typedef struct {
    int down, taps, history, samples;
    float coefficients[2][MAX_TAPS];
} Filter;

typedef struct {
    float hann[FRAME];            /* window, and what scales 16 bits to one half */
    float cosine[FRAME], sine[FRAME];
} Tables;

typedef struct {
    Tables tables;
    Layer layers[LAYERS];
    Product from_input, from_hidden;
    const float *output;          /* UNITS */
    float output_bias;
    float silence[UNITS];         /* the features of digital silence */
} Network;

/* What the network remembers of a conversation. */
typedef struct {
    float hidden[UNITS], cell[UNITS];
    int16_t context[CONTEXT];
} Memory;

/* Values between the layers of CHUNK windows, a frame of zeros before and after those of each. */
typedef struct {
    float spectra[CHUNK * (FRAMES + 2) * BINS];
    float first[CHUNK * (FRAMES + 2) * UNITS];
    float second[CHUNK * (2 + 2) * UNITS / 2];
    float third[CHUNK * (1 + 2) * UNITS / 2];
} Encoding;

typedef struct {
    const char *name;
    int pack;                     /* units of a block of packed weights */
    int whole;                    /* whether large products are of whole numbers */
    /* `stretch` of the filter's length to WINDOW samples, rounded to the nearest, halves to even. */
    void (*resample)(const Filter *filter, const int16_t *stretch, int16_t *window);
    /* Up to CHUNK windows of HEARD samples to UNITS features each. */
    void (*encode)(const Network *network, Encoding *encoding, int windows, const int16_t *const *heard,
                   float *const *features);
    /* What the features give to the gates of the LSTM: GATES values each. */
    void (*weigh)(const Network *network, int rows, const float *const *features, float *const *gates);
    /* One step of conversations that are all different; `gates` are used up. */
    void (*step)(const Network *network, int rows, float *const *gates, Memory *const *memories, float *const *scores);
} Kernel;

/* Best first, those that this processor can run; NULL ends them. */
const Kernel *const *kernels(void);

#endif
