/* A pass: windows of many conversations, scored on copies that nobody else sees, so without the interpreter's lock. */
#ifndef VOXWIRE_PASS_H
#define VOXWIRE_PASS_H

#include <stddef.h>
#include <stdint.h>

#include "kernel.h"

enum {
    MATRICES = 13,                /* what a network is made of; network_sizes has the number of values of each */
    FILTERS = 4,                  /* formats that a network can resample, at most */
    MAX_ROWS = 1024,              /* windows of a pass, 7 MB */
    NO_FILTER = -1,
};

extern const int network_sizes[MATRICES];

typedef struct {
    const Kernel *kernel;
    Network network;
    int filter_count;
    Filter filters[FILTERS];
    float *storage;               /* what `network` points into */
    void *allocated;
} Detector;

/* Packs copies of the matrices: floats, at any address. 0, or -1 without memory. `detector->kernel` is set. */
int detector_build(Detector *detector, const void *const *matrices);
void detector_free(Detector *detector);

typedef struct {
    int rows, memory_count;
    int *memory_of;               /* of each row; the windows of one memory are in order */
    int8_t *filter_of;            /* of each row: what to resample with, or NO_FILTER */
    int16_t (*stretches)[MAX_STRETCH];
    int16_t (*heard)[HEARD];      /* a row without a filter brings its window here, from CONTEXT on */
    Memory *memories;
    void **states;                /* whose memories they are; for the caller */
    float *scores;                /* of each row, once it has run */
    float (*features)[UNITS];
    float (*gates)[GATES];
    int *order;
    Encoding *encoding;
    size_t size;
} Pass;

/* A pass with room for so many rows, or NULL without memory; to be freed by pass_free. */
Pass *pass_new(int rows);
void pass_free(Pass *pass);
/* Scores every row and moves the memories on. */
void pass_run(const Detector *detector, Pass *pass);

#endif
