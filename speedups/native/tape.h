/* The twin of voxwire.audio.tape.Tape: the same positions, in ticks of 1/24 000 s, and the same rules. */
#ifndef VOXWIRE_TAPE_H
#define VOXWIRE_TAPE_H

#include "objects.h"

enum {
    TICKS_PER_MS = 24,
    WINDOW_TICKS = 32 * TICKS_PER_MS,
};

/* A format of the wire. Its place in the table is the number of its filter in a network. */
typedef struct {
    const char *name;
    int sample_bytes, bytes_per_ms, history_ticks;
    uint8_t silence;
} Format;

typedef struct {
    PyObject_HEAD
    PyObject *format_object;      /* the AudioFormat */
    const Format *format;
    PyObject *data;               /* a bytearray: given away as it is when a large buffer is committed */
    Py_ssize_t head, used;        /* what is held of it: from which byte on, and how many */
    long long start, end, followed, epoch, committed, cleared, discarded;
    long long first, cut, began;  /* the tick of data[head]; the end of the last cut window; where the epoch began */
    long long generation;         /* of the stream of windows: scores of an earlier one are not put */
    double *scores;               /* those that were not followed are at `taken` to `filled` */
    size_t taken, filled, room;
    double low, high;
    long long most, keep;
    char wakes;
} TapeObject;

extern PyType_Spec tape_spec;

long long tape_ready(const TapeObject *tape);
/* Bytes of a window with the history before it. */
int tape_stretch_bytes(const TapeObject *tape);
/* The next window, of which there is one, as bytes of the wire. */
void tape_cut(TapeObject *tape, uint8_t *to);
/* 0, or -1 with RuntimeError or MemoryError. */
int tape_put(TapeObject *tape, double score);
int tape_format_number(const TapeObject *tape);

#endif
