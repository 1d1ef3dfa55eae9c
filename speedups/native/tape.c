#include <string.h>

#include "tape.h"

/* From this many bytes on, a commit of everything gives the buffer itself away. */
static const Py_ssize_t HANDED_OVER = 1024 * 1024;
/* Up to so many bytes, about five seconds of sound, there is room for as much again. */
static const Py_ssize_t SMALL = 256 * 1024;

static const Format formats[] = {
    {"audio/pcm", 2, 48, 47, 0x00},
    {"audio/pcmu", 1, 8, 93, 0xff},
    {"audio/pcma", 1, 8, 93, 0xd5},
};

static const Format *find_format(PyObject *object) {
    PyObject *value = PyObject_GetAttrString(object, "value");
    const char *name = value == NULL ? NULL : PyUnicode_AsUTF8AndSize(value, NULL);
    const Format *found = NULL;
    for (size_t i = 0; name != NULL && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            found = &formats[i];
    if (name != NULL && found == NULL)
        PyErr_Format(PyExc_ValueError, "%R is no format of a tape", value);
    Py_XDECREF(value);
    return found;
}

static Py_ssize_t bytes_of(const TapeObject *tape, long long ticks) {
    return (Py_ssize_t)(ticks * tape->format->bytes_per_ms / TICKS_PER_MS);
}

int tape_format_number(const TapeObject *tape) { return (int)(tape->format - formats); }

int tape_stretch_bytes(const TapeObject *tape) {
    return (int)bytes_of(tape, tape->format->history_ticks + WINDOW_TICKS);
}

long long tape_ready(const TapeObject *tape) {
    return tape->epoch ? (tape->end - tape->cut) / WINDOW_TICKS : 0;
}

/* What is held */

/* The first tick that windows to come are made of, with their history. */
static long long heard_from(const TapeObject *tape) {
    long long history = tape->cut - tape->format->history_ticks;
    if (!tape->epoch)
        return tape->end;
    return history < tape->began ? tape->began : history;
}

/* The first tick of which the bytes are needed: buffered, or heard in windows to come. */
static long long needed(const TapeObject *tape) {
    long long heard = heard_from(tape);
    return heard < tape->start ? heard : tape->start;
}

/* What is held lies in the bytearray from `head` on, `used` bytes of it; the rest is room. (A bytearray of just the size
 * that is needed moved all that it held at nearly every append: a twentieth of what a frame of 100 ms costs.) */

static char *held(const TapeObject *tape) { return PyByteArray_AsString(tape->data) + tape->head; }

/* The bytearray gets another size; what is held moves to its front. */
static int change_room(TapeObject *tape, Py_ssize_t room) {
    if (tape->head > 0) {
        memmove(PyByteArray_AsString(tape->data), held(tape), tape->used);
        tape->head = 0;
    }
    return room == PyByteArray_Size(tape->data) ? 0 : PyByteArray_Resize(tape->data, room);
}

/* Room for `size` bytes more at the end: as much again for a turn of usual length, an eighth for minutes of it. */
static int make_room(TapeObject *tape, Py_ssize_t size) {
    Py_ssize_t least = tape->used + size, room = PyByteArray_Size(tape->data);
    if (tape->head + least <= room)
        return 0;
    if (least <= room - room / 4)
        return change_room(tape, room);
    return change_room(tape, least + (least < SMALL ? least : least / 8));
}

/* Memory is given back when less than a quarter of it is needed. */
static int drop_front(TapeObject *tape, Py_ssize_t size) {
    tape->head += size;
    tape->used -= size;
    if (tape->used >= PyByteArray_Size(tape->data) / 4)
        return 0;
    return change_room(tape, 2 * tape->used);
}

static int trim(TapeObject *tape) {
    long long first = needed(tape);
    if (drop_front(tape, bytes_of(tape, first - tape->first)) < 0)
        return -1;
    tape->first = first;
    return 0;
}

static PyObject *copy_out(const TapeObject *tape, long long start, long long end) {
    Py_ssize_t from = bytes_of(tape, start - tape->first), to = bytes_of(tape, end - tape->first);
    return PyBytes_FromStringAndSize(held(tape) + from, to - from);
}

/* Everything from `start` on: the buffer itself, and a copy of the history stays. CPython moves the front of a bytearray
 * by an offset, so this copies nothing else. */
static PyObject *hand_over(TapeObject *tape) {
    PyObject *data = tape->data;
    long long begin = tape->start;
    Py_ssize_t front = tape->head + bytes_of(tape, begin - tape->first), end = tape->head + tape->used;
    tape->start = tape->end;
    long long first = needed(tape);
    Py_ssize_t from = front + bytes_of(tape, first - begin);
    PyObject *rest = PyByteArray_FromStringAndSize(PyByteArray_AsString(data) + from, end - from);
    if (rest == NULL)
        return NULL;
    tape->data = rest;
    tape->first = first;
    tape->head = 0;
    tape->used = end - from;
    if (PyByteArray_Resize(data, end) < 0 || (front > 0 && PySequence_DelSlice(data, 0, front) < 0))
        Py_CLEAR(data);
    return data;
}

static int not_buffered(const TapeObject *tape, long long start, long long end) {
    if (tape->start <= start && start <= end && end <= tape->end)
        return 0;
    PyErr_Format(PyExc_ValueError, "ticks %lld to %lld of %lld to %lld", start, end, tape->start, tape->end);
    return -1;
}

/* Windows */

static void realign(TapeObject *tape) {
    tape->followed = tape->cut = tape->end;
    tape->taken = tape->filled = 0;
    tape->wakes = 0;
    tape->generation++;
}

static int begin(TapeObject *tape, long long epoch) {
    tape->epoch = epoch;
    tape->began = tape->end;
    realign(tape);
    return trim(tape);
}

static int discard_before(TapeObject *tape, long long tick) {
    if (tick > tape->end) {
        PyErr_Format(PyExc_ValueError, "tick %lld of %lld to %lld", tick, tape->start, tape->end);
        return -1;
    }
    if (tick <= tape->start)
        return 0;
    tape->discarded += tick - tape->start;
    tape->start = tick;
    return trim(tape);
}

void tape_cut(TapeObject *tape, uint8_t *to) {
    long long from = tape->cut - tape->format->history_ticks, lacking = tape->began - from;
    if (lacking < 0)
        lacking = 0;
    tape->cut += WINDOW_TICKS;
    Py_ssize_t silent = bytes_of(tape, lacking);
    const char *data = held(tape);
    memset(to, tape->format->silence, silent);
    memcpy(to + silent, data + bytes_of(tape, from + lacking - tape->first), tape_stretch_bytes(tape) - silent);
}

static int add_score(TapeObject *tape, double score) {
    if (tape->filled == tape->room && tape->taken > 0) {
        memmove(tape->scores, tape->scores + tape->taken, (tape->filled - tape->taken) * sizeof(double));
        tape->filled -= tape->taken;
        tape->taken = 0;
    }
    if (tape->filled == tape->room) {
        size_t room = tape->room ? 2 * tape->room : 8;
        double *scores = PyMem_Realloc(tape->scores, room * sizeof(double));
        if (scores == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        tape->scores = scores;
        tape->room = room;
    }
    tape->scores[tape->filled++] = score;
    return 0;
}

int tape_put(TapeObject *tape, double score) {
    long long scored = tape->followed + ((long long)(tape->filled - tape->taken) + 1) * WINDOW_TICKS;
    if (scored > tape->cut) {
        PyErr_SetString(PyExc_RuntimeError, "no window was cut that has no score");
        return -1;
    }
    if (add_score(tape, score) < 0)
        return -1;
    if (!(tape->low < score && score < tape->high) || (long long)(tape->filled - tape->taken) >= tape->most)
        tape->wakes = 1;
    else if (tape->keep >= 0 && !tape->wakes)
        return discard_before(tape, scored - tape->keep);
    return 0;
}

/* Methods */

static PyObject *done(int failed) { return failed ? NULL : Py_NewRef(Py_None); }

static PyObject *tape_new(PyTypeObject *type, PyObject *args, PyObject *names) {
    static char *known[] = {"format", NULL};
    PyObject *format_object;
    if (!PyArg_ParseTupleAndKeywords(args, names, "O", known, &format_object))
        return NULL;
    const Format *format = find_format(format_object);
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    TapeObject *tape = format == NULL ? NULL : (TapeObject *)alloc(type, 0);
    if (tape == NULL)
        return NULL;
    tape->format = format;
    tape->format_object = Py_NewRef(format_object);
    tape->most = 1;
    tape->keep = -1;
    tape->data = PyByteArray_FromStringAndSize(NULL, 0);
    if (tape->data == NULL)
        Py_CLEAR(tape);
    return (PyObject *)tape;
}

static void tape_dealloc(PyObject *self) {
    TapeObject *tape = (TapeObject *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    Py_XDECREF(tape->format_object);
    Py_XDECREF(tape->data);
    PyMem_Free(tape->scores);
    release(self);
    Py_DECREF(type);
}

static PyObject *append(PyObject *self, PyObject *audio) {
    TapeObject *tape = (TapeObject *)self;
    Py_buffer view;
    if (PyObject_GetBuffer(audio, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    int failed = view.len % tape->format->sample_bytes != 0;
    if (failed) {
        PyErr_Format(PyExc_ValueError, "%zd bytes are not a whole number of samples", view.len);
    } else {
        failed = make_room(tape, view.len);
        if (!failed) {
            memcpy(held(tape) + tape->used, view.buf, view.len);
            tape->used += view.len;
            tape->end += (long long)view.len * TICKS_PER_MS / tape->format->bytes_per_ms;
        }
    }
    PyBuffer_Release(&view);
    return failed ? NULL : PyLong_FromLongLong(tape_ready(tape));
}

static PyObject *read_audio(PyObject *self, PyObject *args) {
    long long start, end;
    if (!PyArg_ParseTuple(args, "LL", &start, &end) || not_buffered((TapeObject *)self, start, end))
        return NULL;
    return copy_out((TapeObject *)self, start, end);
}

static PyObject *commit(PyObject *self, PyObject *args) {
    TapeObject *tape = (TapeObject *)self;
    long long start, end;
    if (!PyArg_ParseTuple(args, "LL", &start, &end) || not_buffered(tape, start, end))
        return NULL;
    int whole = end == tape->end && bytes_of(tape, end - start) >= HANDED_OVER && start <= heard_from(tape);
    PyObject *taken = whole ? NULL : copy_out(tape, start, end);
    if (!whole && taken == NULL)
        return NULL;
    tape->discarded += start - tape->start;
    tape->committed += end - start;
    tape->start = start;
    if (whole)
        return hand_over(tape);
    tape->start = end;
    if (trim(tape) < 0)
        Py_CLEAR(taken);
    return taken;
}

static PyObject *clear(PyObject *self, PyObject *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    tape->cleared += tape->end - tape->start;
    tape->start = tape->end;
    return done(trim(tape));
}

static PyObject *discard(PyObject *self, PyObject *tick) {
    long long before = PyLong_AsLongLong(tick);
    if (before == -1 && PyErr_Occurred())
        return NULL;
    return done(discard_before((TapeObject *)self, before));
}

static PyObject *change_format(PyObject *self, PyObject *format_object) {
    TapeObject *tape = (TapeObject *)self;
    const Format *format = find_format(format_object);
    PyObject *data = format == NULL ? NULL : PyByteArray_FromStringAndSize(NULL, 0);
    if (data == NULL)
        return NULL;
    PyObject *old_format = tape->format_object, *old_data = tape->data;
    tape->discarded += tape->end - tape->start;
    tape->start = tape->first = tape->end;
    tape->format = format;
    tape->format_object = Py_NewRef(format_object);
    tape->data = data;
    tape->head = tape->used = 0;
    Py_DECREF(old_format);
    Py_DECREF(old_data);
    return done(begin(tape, 0));
}

static PyObject *begin_epoch(PyObject *self, PyObject *number) {
    long long epoch = PyLong_AsLongLong(number);
    if (epoch == -1 && PyErr_Occurred())
        return NULL;
    return done(begin((TapeObject *)self, epoch));
}

static PyObject *realign_windows(PyObject *self, PyObject *nothing) {
    (void)nothing;
    realign((TapeObject *)self);
    return done(0);
}

static PyObject *expect(PyObject *self, PyObject *args) {
    TapeObject *tape = (TapeObject *)self;
    double low, high;
    long long most, keep;
    if (!PyArg_ParseTuple(args, "ddLL", &low, &high, &most, &keep))
        return NULL;
    tape->low = low;
    tape->high = high;
    tape->most = most;
    tape->keep = keep;
    tape->wakes = 0;
    return done(0);
}

static PyObject *follow(PyObject *self, PyObject *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    if (tape->taken == tape->filled)
        return done(0);
    PyObject *score = PyFloat_FromDouble(tape->scores[tape->taken]);
    if (score == NULL)
        return NULL;
    tape->taken++;
    tape->followed += WINDOW_TICKS;
    if (tape->taken == tape->filled)
        tape->wakes = 0;
    return score;
}

static PyObject *pass_over(PyObject *self, PyObject *args) {
    TapeObject *tape = (TapeObject *)self;
    double low, high;
    long long most;
    if (!PyArg_ParseTuple(args, "ddL", &low, &high, &most))
        return NULL;
    long long passed = 0;
    while (passed < most && tape->taken < tape->filled && low < tape->scores[tape->taken] &&
           tape->scores[tape->taken] < high) {
        tape->taken++;
        passed++;
    }
    tape->followed += passed * WINDOW_TICKS;
    if (passed > 0 && tape->taken == tape->filled)
        tape->wakes = 0;
    return PyLong_FromLongLong(passed);
}

static PyObject *cut(PyObject *self, PyObject *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    if (!tape_ready(tape)) {
        PyErr_SetString(PyExc_RuntimeError, "no window is ready");
        return NULL;
    }
    uint8_t stretch[MAX_STRETCH * sizeof(int16_t)];
    tape_cut(tape, stretch);
    return PyBytes_FromStringAndSize((char *)stretch, tape_stretch_bytes(tape));
}

static PyObject *put(PyObject *self, PyObject *score) {
    double value = PyFloat_AsDouble(score);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return done(tape_put((TapeObject *)self, value));
}

static PyMethodDef methods[] = {
    {"append", append, METH_O, "append(audio): add whole samples; how many windows are ready."},
    {"read", read_audio, METH_VARARGS, "read(start, end): a copy of the audio between two ticks."},
    {"commit", commit, METH_VARARGS, "commit(start, end): take the audio between two ticks."},
    {"clear", clear, METH_NOARGS, "Forget all audio that is buffered."},
    {"discard_before", discard, METH_O, "discard_before(tick): forget what lies before."},
    {"change_format", change_format, METH_O, "change_format(format): go on in another format."},
    {"begin", begin_epoch, METH_O, "begin(epoch): a new stream of windows from the end on; 0 for none."},
    {"realign", realign_windows, METH_NOARGS, "The next window begins at the end."},
    {"expect", expect, METH_VARARGS, "expect(low, high, most, keep): which scores wake."},
    {"follow", follow, METH_NOARGS, "The next score, or None."},
    {"pass_over", pass_over, METH_VARARGS, "pass_over(low, high, most): follow scores between these two."},
    {"cut", cut, METH_NOARGS, "The next window, with the history before it."},
    {"put", put, METH_O, "put(score): that of the oldest window that was cut and has none."},
    {NULL, NULL, 0, NULL},
};

/* Attributes */

#define POSITION(name)                                                                                 \
    static PyObject *get_##name(PyObject *self, void *nothing) {                                       \
        (void)nothing;                                                                                 \
        return PyLong_FromLongLong(((TapeObject *)self)->name);                                        \
    }
POSITION(start)
POSITION(end)
POSITION(followed)
POSITION(epoch)
POSITION(committed)
POSITION(cleared)
POSITION(discarded)
#undef POSITION

static PyObject *get_format(PyObject *self, void *nothing) {
    (void)nothing;
    return Py_NewRef(((TapeObject *)self)->format_object);
}

static PyObject *get_wakes(PyObject *self, void *nothing) {
    (void)nothing;
    return PyBool_FromLong(((TapeObject *)self)->wakes);
}

static PyObject *get_size(PyObject *self, void *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    return PyLong_FromSsize_t(bytes_of(tape, tape->end - tape->start));
}

static PyObject *get_waiting(PyObject *self, void *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    return PyLong_FromLongLong(tape->epoch ? (tape->end - tape->followed) / WINDOW_TICKS : 0);
}

static PyObject *get_unscored(PyObject *self, void *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    long long waiting = tape->epoch ? (tape->end - tape->followed) / WINDOW_TICKS : 0;
    return PyLong_FromLongLong(waiting - (long long)(tape->filled - tape->taken));
}

static PyObject *get_ready(PyObject *self, void *nothing) {
    (void)nothing;
    return PyLong_FromLongLong(tape_ready((TapeObject *)self));
}

static PyObject *get_scores(PyObject *self, void *nothing) {
    TapeObject *tape = (TapeObject *)self;
    (void)nothing;
    PyObject *scores = PyTuple_New((Py_ssize_t)(tape->filled - tape->taken));
    for (size_t i = tape->taken; scores != NULL && i < tape->filled; i++) {
        PyObject *score = PyFloat_FromDouble(tape->scores[i]);
        if (score == NULL || PyTuple_SetItem(scores, (Py_ssize_t)(i - tape->taken), score) < 0)
            Py_CLEAR(scores);
    }
    return scores;
}

static PyGetSetDef attributes[] = {
    {"start", get_start, NULL, "The first tick that is buffered.", NULL},
    {"end", get_end, NULL, "The clock: ticks appended so far.", NULL},
    {"followed", get_followed, NULL, "The end of the last window that was followed.", NULL},
    {"epoch", get_epoch, NULL, "The epoch that is on; 0 for none.", NULL},
    {"committed", get_committed, NULL, "Ticks that were committed so far.", NULL},
    {"cleared", get_cleared, NULL, "Ticks that were cleared so far.", NULL},
    {"discarded", get_discarded, NULL, "Ticks that were discarded so far.", NULL},
    {"format", get_format, NULL, "Of what is appended from now on.", NULL},
    {"wakes", get_wakes, NULL, "Whether the session has to follow now.", NULL},
    {"size", get_size, NULL, "Bytes buffered.", NULL},
    {"waiting", get_waiting, NULL, "Whole windows that were not followed.", NULL},
    {"unscored", get_unscored, NULL, "Those of them that have no score yet.", NULL},
    {"ready", get_ready, NULL, "Whole windows that were not cut.", NULL},
    {"scores", get_scores, NULL, "Scores that were not followed.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, tape_new},
    {Py_tp_dealloc, tape_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {Py_tp_doc, "The uncommitted audio of one session; voxwire.audio.tape.Tape describes it."},
    {0, NULL},
};

PyType_Spec tape_spec = {
    .name = "voxwire_speedups.Tape", .basicsize = sizeof(TapeObject), .flags = Py_TPFLAGS_DEFAULT, .slots = slots,
};
