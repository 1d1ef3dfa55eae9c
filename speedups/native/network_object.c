/* `Network`: what it is made of, and windows that Python has cut. Arguments are checked and copied before the
 * interpreter's lock is released. */
#include <math.h>
#include <string.h>

#include "objects.h"

static const Kernel *choose_kernel(const char *variant) {
    const Kernel *const *found = kernels();
    if (*variant == '\0')
        return found[0];
    for (; *found != NULL; found++)
        if (strcmp((*found)->name, variant) == 0)
            return *found;
    PyErr_Format(PyExc_ValueError, "this processor runs no kernel called %s; see variants()", variant);
    return NULL;
}

/* A buffer of Python may begin at any address. */
static int all_finite(const void *values, int count) {
    for (int i = 0; i < count; i++) {
        float value;
        memcpy(&value, (const char *)values + i * sizeof value, sizeof value);
        if (!isfinite(value))
            return 0;
    }
    return 1;
}

/* Packs the matrices. 0, or -1 with an exception. */
static int read_matrices(Detector *detector, PyObject *sequence) {
    Py_buffer views[MATRICES];
    const void *matrices[MATRICES];
    int taken = 0, failed = -1;
    PyObject *fast = PySequence_Tuple(sequence);
    if (fast == NULL)
        return -1;
    if (PyTuple_Size(fast) != MATRICES) {
        PyErr_Format(PyExc_ValueError, "a network has %d matrices, not %zd", MATRICES, PyTuple_Size(fast));
        goto end;
    }
    for (; taken < MATRICES; taken++) {
        Py_ssize_t size = network_sizes[taken] * (Py_ssize_t)sizeof(float);
        matrices[taken] = whole_buffer(PyTuple_GetItem(fast, taken), &views[taken], size, "matrix", taken);
        if (matrices[taken] == NULL)
            goto end;
        if (!all_finite(matrices[taken], network_sizes[taken])) {
            PyErr_Format(PyExc_ValueError, "matrix %d has values that are not finite", taken++);
            goto end;
        }
    }
    failed = detector_build(detector, matrices);
    if (failed)
        PyErr_NoMemory();
end:
    while (taken > 0)
        PyBuffer_Release(&views[--taken]);
    Py_DECREF(fast);
    return failed;
}

/* One filter: (down, history, coefficients of two outputs, samples of the 256 bytes or None). */
static int read_filter(NetworkObject *self, int number, PyObject *given) {
    Filter *filter = &self->detector.filters[number];
    PyObject *coefficients, *decode;
    Py_buffer view;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a filter is a tuple: down, history, coefficients, samples of bytes or None");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "iiOO", &filter->down, &filter->history, &coefficients, &decode))
        return -1;
    /* Before anything is added to them: a sum that does not fit would pass. */
    if (filter->down < 1 || filter->down > 3 || filter->history < 0 || filter->history > MAX_TAPS - filter->down) {
        PyErr_Format(PyExc_ValueError, "filter %d is not for a rate that the kernel knows", number);
        return -1;
    }
    filter->taps = filter->history + filter->down;
    filter->samples = filter->down * WINDOW / 2;
    Py_ssize_t size = 2 * filter->taps * (Py_ssize_t)sizeof(float);
    if (whole_buffer(coefficients, &view, size, "filter", number) == NULL)
        return -1;
    for (int phase = 0; phase < 2; phase++)
        memcpy(filter->coefficients[phase], (char *)view.buf + phase * size / 2, size / 2);
    PyBuffer_Release(&view);
    if (!all_finite(filter->coefficients[0], 2 * MAX_TAPS)) {
        PyErr_Format(PyExc_ValueError, "filter %d has values that are not finite", number);
        return -1;
    }
    self->bytes_of_sample[number] = Py_IsNone(decode) ? 2 : 1;
    if (Py_IsNone(decode))
        return 0;
    if (whole_buffer(decode, &view, sizeof self->decode[number], "samples of the bytes of filter", number) == NULL)
        return -1;
    memcpy(self->decode[number], view.buf, view.len);
    PyBuffer_Release(&view);
    return 0;
}

static int read_filters(NetworkObject *self, PyObject *sequence) {
    int failed = -1;
    PyObject *fast = PySequence_Tuple(sequence);
    if (fast == NULL)
        return -1;
    if (PyTuple_Size(fast) > FILTERS) {
        PyErr_Format(PyExc_ValueError, "a network has at most %d filters", FILTERS);
        goto end;
    }
    for (int i = 0; i < PyTuple_Size(fast); i++)
        if (read_filter(self, i, PyTuple_GetItem(fast, i)) < 0)
            goto end;
    self->detector.filter_count = (int)PyTuple_Size(fast);
    failed = 0;
end:
    Py_DECREF(fast);
    return failed;
}

static PyObject *network_new(PyTypeObject *type, PyObject *args, PyObject *names) {
    static char *known[] = {"matrices", "filters", "variant", NULL};
    PyObject *matrices, *filters;
    const char *variant = "";
    if (!PyArg_ParseTupleAndKeywords(args, names, "OO|s", known, &matrices, &filters, &variant))
        return NULL;
    const Kernel *kernel = choose_kernel(variant);
    if (kernel == NULL)
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    NetworkObject *self = (NetworkObject *)alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->detector.kernel = kernel;
    const Types *types = PyType_GetModuleState(type);
    self->state_type = Py_NewRef((PyObject *)types->state);
    self->tape_type = Py_NewRef((PyObject *)types->tape);
    if (read_filters(self, filters) < 0 || read_matrices(&self->detector, matrices) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void network_dealloc(PyObject *object) {
    NetworkObject *self = (NetworkObject *)object;
    detector_free(&self->detector);
    pass_free(self->spare);
    Py_XDECREF(self->state_type);
    Py_XDECREF(self->tape_type);
    plain_dealloc(object);
}

Pass *take_pass(NetworkObject *network, Py_ssize_t rows) {
    Pass *pass = network->spare;
    network->spare = NULL;
    if (pass == NULL || pass->size < (size_t)rows) {
        pass_free(pass);
        pass = pass_new((int)(rows < 32 ? 32 : rows));
    }
    if (pass == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    pass->rows = (int)rows;
    pass->memory_count = 0;
    return pass;
}

void give_pass(NetworkObject *network, Pass *pass) {
    Pass *other = network->spare;
    network->spare = pass;
    pass_free(other);
}

/* The bytes of a row into the pass, as a window or as a stretch of `format`. 0, or -1 with an exception. */
static int copy_window(NetworkObject *self, Pass *pass, Py_ssize_t row, PyObject *window, int format) {
    Py_buffer view;
    pass->filter_of[row] = (int8_t)format;
    if (format == NO_FILTER) {
        Py_ssize_t size = WINDOW * (Py_ssize_t)sizeof(int16_t);
        if (whole_buffer(window, &view, size, "window", row) == NULL)
            return -1;
        memcpy(pass->heard[row] + CONTEXT, view.buf, size);
    } else {
        const Filter *filter = &self->detector.filters[format];
        Py_ssize_t samples = filter->history + filter->samples;
        if (whole_buffer(window, &view, samples * self->bytes_of_sample[format], "stretch", row) == NULL)
            return -1;
        if (self->bytes_of_sample[format] == 2)
            memcpy(pass->stretches[row], view.buf, view.len);
        else
            for (Py_ssize_t i = 0; i < samples; i++)
                pass->stretches[row][i] = self->decode[format][((const uint8_t *)view.buf)[i]];
    }
    PyBuffer_Release(&view);
    return 0;
}

/* Fills the pass. 0, or -1 with an exception. A window may be an object that runs Python to show its bytes, so states are
 * given their places after all windows were copied. */
static int gather(NetworkObject *self, Pass *pass, PyObject *states, PyObject *windows, const uint8_t *formats) {
    for (int row = 0; row < pass->rows; row++) {
        int format = formats == NULL ? NO_FILTER : formats[row];
        if (Py_TYPE(PyTuple_GetItem(states, row)) != (PyTypeObject *)self->state_type) {
            PyErr_Format(PyExc_TypeError, "state %d is no State", row);
            return -1;
        }
        if (format >= self->detector.filter_count) {
            PyErr_Format(PyExc_ValueError, "row %d has format %d; the network has %d", row, format,
                         self->detector.filter_count);
            return -1;
        }
        if (copy_window(self, pass, row, PyTuple_GetItem(windows, row), format) < 0)
            return -1;
    }
    for (int row = 0; row < pass->rows; row++)
        pass->memory_of[row] = place_of((State *)PyTuple_GetItem(states, row), pass);
    release_places(pass);
    return 0;
}

/* Scores, and the states moved on. `states` and `windows` are tuples of ours, so nobody changes them meanwhile. */
static PyObject *score_all(NetworkObject *self, PyObject *states, PyObject *windows, const uint8_t *formats) {
    Py_ssize_t rows = PyTuple_Size(states);
    Pass *pass = take_pass(self, rows);
    if (pass == NULL)
        return NULL;
    int failed = gather(self, pass, states, windows, formats);
    PyObject *scores = NULL;
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        pass_run(&self->detector, pass);
        Py_END_ALLOW_THREADS
        keep_memories(pass);
        scores = PyList_New(rows);
    }
    for (Py_ssize_t row = 0; scores != NULL && row < rows; row++) {
        PyObject *score = PyFloat_FromDouble(pass->scores[row]);
        if (score == NULL || PyList_SetItem(scores, row, score) < 0)
            Py_CLEAR(scores);
    }
    give_pass(self, pass);
    return scores;
}

static PyObject *network_score(PyObject *object, PyObject *args) {
    NetworkObject *self = (NetworkObject *)object;
    PyObject *states, *windows, *formats = NULL, *scores = NULL;
    Py_buffer view = {0};
    if (!PyArg_ParseTuple(args, "OO|O", &states, &windows, &formats))
        return NULL;
    if (formats != NULL && Py_IsNone(formats))
        formats = NULL;
    states = PySequence_Tuple(states);
    windows = states == NULL ? NULL : PySequence_Tuple(windows);
    if (windows == NULL)
        goto end;
    Py_ssize_t rows = PyTuple_Size(states);
    if (rows != PyTuple_Size(windows)) {
        PyErr_Format(PyExc_ValueError, "%zd states for %zd windows", rows, PyTuple_Size(windows));
        goto end;
    }
    if (rows > MAX_ROWS) {
        PyErr_Format(PyExc_ValueError, "%zd windows in one call; at most %d are scored", rows, MAX_ROWS);
        goto end;
    }
    if (formats != NULL && whole_buffer(formats, &view, rows, "formats of call", 0) == NULL)
        goto end;
    scores = score_all(self, states, windows, view.buf);
    if (formats != NULL)
        PyBuffer_Release(&view);
end:
    Py_XDECREF(states);
    Py_XDECREF(windows);
    return scores;
}

static PyObject *network_resample(PyObject *object, PyObject *args) {
    NetworkObject *self = (NetworkObject *)object;
    PyObject *stretch;
    unsigned char format;
    int16_t window[WINDOW];
    if (!PyArg_ParseTuple(args, "Ob", &stretch, &format))
        return NULL;
    if (format >= self->detector.filter_count) {
        PyErr_Format(PyExc_ValueError, "format %d; the network has %d", format, self->detector.filter_count);
        return NULL;
    }
    Pass *pass = take_pass(self, 1);
    if (pass == NULL)
        return NULL;
    int failed = copy_window(self, pass, 0, stretch, format);
    if (!failed)
        self->detector.kernel->resample(&self->detector.filters[format], pass->stretches[0], window);
    give_pass(self, pass);
    return failed ? NULL : PyBytes_FromStringAndSize((char *)window, sizeof window);
}

static PyObject *network_variant(PyObject *self, void *nothing) {
    (void)nothing;
    return PyUnicode_FromString(((NetworkObject *)self)->detector.kernel->name);
}

static PyMethodDef network_methods[] = {
    {"score", network_score, METH_VARARGS, "score(states, windows, formats=None): the probability of each window."},
    {"score_tapes", network_score_tapes, METH_VARARGS, "score_tapes(states, tapes, counts): score the next windows."},
    {"resample", network_resample, METH_VARARGS, "resample(stretch, format): 512 samples at 16 kHz."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef network_values[] = {
    {"variant", network_variant, NULL, "Name of the kernel.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot network_slots[] = {
    {Py_tp_new, network_new},
    {Py_tp_dealloc, network_dealloc},
    {Py_tp_methods, network_methods},
    {Py_tp_getset, network_values},
    {Py_tp_doc, "The network, its weights packed for one kernel."},
    {0, NULL},
};

PyType_Spec network_spec = {
    .name = "voxwire_speedups.Network", .basicsize = sizeof(NetworkObject), .flags = Py_TPFLAGS_DEFAULT,
    .slots = network_slots,
};
