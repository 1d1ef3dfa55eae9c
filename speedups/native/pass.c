#include "pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int network_sizes[MATRICES] = {
    TAPS * BINS * 128, 128, TAPS * 128 * 64, 64, TAPS * 64 * 64, 64, TAPS * 64 * 128, 128, /* layers: weights, biases */
    UNITS * GATES, UNITS * GATES, GATES,                                                  /* LSTM: features, hidden, bias */
    UNITS, 1,                                                                             /* output and its bias */
};

static const int16_t silence[MAX_STRETCH];

static void *aligned(void *memory) { return (void *)(((uintptr_t)memory + 63) & ~(uintptr_t)63); }

static Product pack(const Detector *detector, float **storage, const char *weights, int inputs, int units,
                    const float *bias) {
    int pack = detector->kernel->pack;
    float *packed = *storage, *to = packed;
    for (int block = 0; block < units; block += pack)
        for (int input = 0; input < inputs; input++, to += pack)
            memcpy(to, weights + (input * units + block) * sizeof(float), pack * sizeof(float));
    *storage = to;
    return (Product){.inputs = inputs, .units = units, .weights = packed, .bias = bias};
}

/* As whole numbers where the variant wants that. Layers 1 to 3 never are: a sixth of the work, and most of the error. */
static Product pack_large(const Detector *detector, float **storage, const char *weights, int inputs, int units,
                          const float *bias, int span, int kept) {
    if (!detector->kernel->whole)
        return pack(detector, storage, weights, inputs, units, bias);
    Whole whole = whole_round(weights, inputs, units, span, kept, *storage);
    *storage += whole_bytes(inputs, units, span, kept) / sizeof **storage;
    return (Product){.inputs = inputs, .units = units, .bias = bias, .whole = whole};
}

static const float *copied(float **storage, const void *values, int count) {
    float *copy = *storage;
    memcpy(copy, values, count * sizeof(float));
    *storage += (count + WIDEST - 1) / WIDEST * WIDEST;
    return copy;
}

static void make_tables(Tables *tables) {
    const double turn = 2 * 3.14159265358979323846 / FRAME;
    for (int n = 0; n < FRAME; n++) {
        tables->hann[n] = (float)((0.5 - 0.5 * cos(turn * n)) / 65536);
        tables->cosine[n] = (float)cos(turn * n);
        tables->sine[n] = (float)sin(turn * n);
    }
}

int detector_build(Detector *detector, const void *const *matrices) {
    static const int shapes[LAYERS][4] = {{BINS, 128, 4, 1}, {128, 64, 4, 2}, {64, 64, 2, 2}, {64, 128, 1, 1}};
    size_t total = 0;
    for (int i = 0; i < MATRICES; i++)
        total += network_sizes[i] + WIDEST;
    detector->allocated = malloc(total * sizeof(float) + 64); /* whole numbers take less */
    if (detector->allocated == NULL)
        return -1;
    float *storage = aligned(detector->allocated);
    Network *network = &detector->network;
    make_tables(&network->tables);
    for (int i = 0; i < LAYERS; i++) {
        int inputs = shapes[i][0], units = shapes[i][1];
        const float *bias = copied(&storage, matrices[2 * i + 1], units);
        network->layers[i] = (Layer){
            .product = i == 0 ? pack_large(detector, &storage, matrices[0], TAPS * BINS, units, bias, BINS, KEPT)
                              : pack(detector, &storage, matrices[2 * i], TAPS * inputs, units, bias),
            .inputs = inputs, .frames = shapes[i][2], .stride = shapes[i][3],
        };
    }
    const float *bias = copied(&storage, matrices[10], GATES);
    network->from_input = pack_large(detector, &storage, matrices[8], UNITS, GATES, bias, UNITS, 0);
    network->from_hidden = pack_large(detector, &storage, matrices[9], UNITS, GATES, bias, UNITS, 0);
    network->output = copied(&storage, matrices[11], UNITS);
    memcpy(&network->output_bias, matrices[12], sizeof network->output_bias);

    Encoding *encoding = calloc(1, sizeof *encoding);
    if (encoding == NULL)
        return -1;
    const int16_t *heard = silence;
    float *features = network->silence;
    detector->kernel->encode(network, encoding, 1, &heard, &features);
    free(encoding);
    return 0;
}

void detector_free(Detector *detector) { free(detector->allocated); }

Pass *pass_new(int rows) {
    Pass *pass = calloc(1, sizeof *pass);
    if (pass == NULL)
        return NULL;
    pass->memory_of = malloc(rows * sizeof *pass->memory_of);
    pass->filter_of = malloc(rows * sizeof *pass->filter_of);
    pass->stretches = malloc(rows * sizeof *pass->stretches);
    pass->heard = malloc(rows * sizeof *pass->heard);
    pass->memories = malloc(rows * sizeof *pass->memories);
    pass->states = malloc(rows * sizeof *pass->states);
    pass->scores = malloc(rows * sizeof *pass->scores);
    pass->features = malloc(rows * sizeof *pass->features);
    pass->gates = malloc(rows * sizeof *pass->gates);
    pass->order = malloc(2 * rows * sizeof *pass->order);
    pass->encoding = calloc(1, sizeof *pass->encoding); /* the frames of zeros are never written */
    pass->size = rows;
    if (pass->memory_of && pass->filter_of && pass->stretches && pass->heard && pass->memories && pass->states &&
        pass->scores && pass->features && pass->gates && pass->order && pass->encoding)
        return pass;
    pass_free(pass);
    return NULL;
}

void pass_free(Pass *pass) {
    if (pass == NULL)
        return;
    free(pass->memory_of);
    free(pass->filter_of);
    free(pass->stretches);
    free(pass->heard);
    free(pass->memories);
    free(pass->states);
    free(pass->scores);
    free(pass->features);
    free(pass->gates);
    free(pass->order);
    free(pass->encoding);
    free(pass);
}

/* Windows of 16 kHz, each behind the end of the one before it in its conversation. */
static void hear(const Detector *detector, Pass *pass) {
    for (int row = 0; row < pass->rows; row++) {
        int16_t *heard = pass->heard[row], *context = pass->memories[pass->memory_of[row]].context;
        if (pass->filter_of[row] != NO_FILTER) {
            const Filter *filter = &detector->filters[pass->filter_of[row]];
            const int16_t *stretch = pass->stretches[row];
            size_t size = (filter->history + filter->samples) * sizeof *stretch;
            if (memcmp(stretch, silence, size) == 0)
                memset(heard + CONTEXT, 0, WINDOW * sizeof *heard);
            else
                detector->kernel->resample(filter, stretch, heard + CONTEXT);
        }
        memcpy(heard, context, CONTEXT * sizeof *heard);
        memcpy(context, heard + WINDOW, CONTEXT * sizeof *heard);
    }
}

/* A muted microphone sends zeros, whose features are a constant: only the LSTM has to see them. */
static void encode(const Detector *detector, Pass *pass) {
    const int16_t *heard[CHUNK];
    float *features[CHUNK];
    int count = 0;
    for (int row = 0; row < pass->rows; row++) {
        if (memcmp(pass->heard[row], silence, sizeof *pass->heard) == 0) {
            memcpy(pass->features[row], detector->network.silence, sizeof *pass->features);
        } else {
            heard[count] = pass->heard[row];
            features[count++] = pass->features[row];
        }
        if (count == CHUNK || (count > 0 && row + 1 == pass->rows)) {
            detector->kernel->encode(&detector->network, pass->encoding, count, heard, features);
            count = 0;
        }
    }
}

static void weigh(const Detector *detector, Pass *pass) {
    for (int from = 0; from < pass->rows; from += CHUNK) {
        const float *features[CHUNK];
        float *gates[CHUNK];
        int some = pass->rows - from < CHUNK ? pass->rows - from : CHUNK;
        for (int row = 0; row < some; row++) {
            features[row] = pass->features[from + row];
            gates[row] = pass->gates[from + row];
        }
        detector->kernel->weigh(&detector->network, some, features, gates);
    }
}

/* Steps of the LSTM: the first window of every conversation, then the second ones, and so on. */
static void remember(const Detector *detector, Pass *pass) {
    int *first = pass->order, *next = pass->order + pass->size;
    for (int memory = 0; memory < pass->memory_count; memory++)
        first[memory] = -1;
    for (int row = pass->rows - 1; row >= 0; row--) {
        next[row] = first[pass->memory_of[row]];
        first[pass->memory_of[row]] = row;
    }
    int active = pass->memory_count;
    while (active > 0) {
        int still = 0;
        for (int from = 0; from < active; from += CHUNK) {
            float *gates[CHUNK], *scores[CHUNK];
            Memory *memories[CHUNK];
            int some = active - from < CHUNK ? active - from : CHUNK;
            for (int i = 0; i < some; i++) {
                int row = first[from + i];
                gates[i] = pass->gates[row];
                scores[i] = &pass->scores[row];
                memories[i] = &pass->memories[pass->memory_of[row]];
            }
            detector->kernel->step(&detector->network, some, gates, memories, scores);
            for (int i = 0; i < some; i++)
                if (next[first[from + i]] >= 0)
                    first[still++] = next[first[from + i]];
        }
        active = still;
    }
}

void pass_run(const Detector *detector, Pass *pass) {
    hear(detector, pass);
    encode(detector, pass);
    weigh(detector, pass);
    remember(detector, pass);
}
