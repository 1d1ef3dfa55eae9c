/* `Network.score_tapes`: one call cuts the windows of many tapes, scores them, and puts the scores. */
#include "tape.h"

/* What is scored: `counts[i]` windows of tape i. */
typedef struct {
    PyObject *states, *tapes;     /* tuples of ours */
    int number, rows;
    int counts[MAX_ROWS];
    long long generations[MAX_ROWS];
} Taking;

static TapeObject *tape_of(const Taking *taking, int i) { return (TapeObject *)PyTuple_GetItem(taking->tapes, i); }

/* 0, or -1 with an exception. */
static int read_counts(Taking *taking, PyObject *counts) {
    Py_ssize_t number = PyTuple_Size(taking->tapes);
    if (PyTuple_Size(taking->states) != number || PyTuple_Size(counts) != number) {
        PyErr_Format(PyExc_ValueError, "%zd states and %zd counts for %zd tapes", PyTuple_Size(taking->states),
                     PyTuple_Size(counts), number);
        return -1;
    }
    for (Py_ssize_t i = 0; i < number; i++) {
        long count = PyLong_AsLong(PyTuple_GetItem(counts, i));
        if (count == -1 && PyErr_Occurred())
            return -1;
        if (count < 1 || count > MAX_ROWS - taking->rows) {
            PyErr_Format(PyExc_ValueError, "%ld windows of tape %zd; a call takes 1 of each and at most %d", count, i,
                         MAX_ROWS);
            return -1;
        }
        taking->counts[taking->number++] = (int)count;
        taking->rows += (int)count;
    }
    return 0;
}

/* Whether all of it can be scored. 0, or -1 with an exception, and nothing was taken. */
static int check_tapes(const NetworkObject *self, const Taking *taking) {
    for (int i = 0; i < taking->number; i++) {
        PyObject *tape = PyTuple_GetItem(taking->tapes, i), *state = PyTuple_GetItem(taking->states, i);
        if (Py_TYPE(tape) != (PyTypeObject *)self->tape_type || Py_TYPE(state) != (PyTypeObject *)self->state_type) {
            PyErr_Format(PyExc_TypeError, "tape %d is no Tape, or its state no State", i);
            return -1;
        }
        int format = tape_format_number((TapeObject *)tape);
        const Filter *filter = &self->detector.filters[format];
        if (format >= self->detector.filter_count || tape_stretch_bytes((TapeObject *)tape) !=
            (filter->history + filter->samples) * self->bytes_of_sample[format]) {
            PyErr_Format(PyExc_ValueError, "the network has no filter for the format of tape %d", i);
            return -1;
        }
        if (taking->counts[i] > tape_ready((TapeObject *)tape)) {
            PyErr_Format(PyExc_ValueError, "%d windows of tape %d, of which %lld are ready", taking->counts[i], i,
                         tape_ready((TapeObject *)tape));
            return -1;
        }
    }
    return 0;
}

/* One window of a tape into the pass. */
static void cut_into(const NetworkObject *self, TapeObject *tape, Pass *pass, int row) {
    int format = tape_format_number(tape), size = tape_stretch_bytes(tape);
    pass->filter_of[row] = (int8_t)format;
    if (self->bytes_of_sample[format] == 2) {
        tape_cut(tape, (uint8_t *)pass->stretches[row]);
        return;
    }
    uint8_t bytes[MAX_STRETCH];
    tape_cut(tape, bytes);
    for (int n = 0; n < size; n++)
        pass->stretches[row][n] = self->decode[format][bytes[n]];
}

/* Cuts all windows into the pass. 0, or -1 with an exception. */
static int cut_windows(const NetworkObject *self, Taking *taking, Pass *pass) {
    for (int i = 0, row = 0; i < taking->number; i++) {
        taking->generations[i] = tape_of(taking, i)->generation;
        for (int n = 0; n < taking->counts[i]; n++, row++) {
            if (!tape_ready(tape_of(taking, i))) {
                release_places(pass);
                PyErr_SetString(PyExc_ValueError, "a tape is named twice, and has too few windows for that");
                return -1;
            }
            cut_into(self, tape_of(taking, i), pass, row);
            pass->memory_of[row] = place_of((State *)PyTuple_GetItem(taking->states, i), pass);
        }
    }
    release_places(pass);
    return 0;
}

/* Puts the scores, but not on a tape that has begun another stream of windows meanwhile. 0, or -1 with an exception. */
static int put_scores(const Taking *taking, const Pass *pass) {
    for (int i = 0, row = 0; i < taking->number; i++)
        for (int n = 0; n < taking->counts[i]; n++, row++)
            if (tape_of(taking, i)->generation == taking->generations[i] &&
                tape_put(tape_of(taking, i), pass->scores[row]) < 0)
                return -1;
    return 0;
}

static int score_windows_of(NetworkObject *self, Taking *taking) {
    Pass *pass = take_pass(self, taking->rows);
    if (pass == NULL)
        return -1;
    int failed = cut_windows(self, taking, pass);
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        pass_run(&self->detector, pass);
        Py_END_ALLOW_THREADS
        keep_memories(pass);
        failed = put_scores(taking, pass);
    }
    give_pass(self, pass);
    return failed;
}

PyObject *network_score_tapes(PyObject *object, PyObject *args) {
    NetworkObject *self = (NetworkObject *)object;
    PyObject *states, *tapes, *counts;
    if (!PyArg_ParseTuple(args, "OOO", &states, &tapes, &counts))
        return NULL;
    Taking taking;
    taking.number = taking.rows = 0;
    taking.states = PySequence_Tuple(states);
    taking.tapes = taking.states == NULL ? NULL : PySequence_Tuple(tapes);
    counts = taking.tapes == NULL ? NULL : PySequence_Tuple(counts);
    int failed = counts == NULL || read_counts(&taking, counts) || check_tapes(self, &taking) ||
                 score_windows_of(self, &taking);
    Py_XDECREF(taking.states);
    Py_XDECREF(taking.tapes);
    Py_XDECREF(counts);
    return failed ? NULL : Py_NewRef(Py_None);
}
