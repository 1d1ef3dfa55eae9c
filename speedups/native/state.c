/* `State`, and what the other objects share. */
#include <string.h>

#include "objects.h"

const void *whole_buffer(PyObject *object, Py_buffer *view, Py_ssize_t size, const char *what, Py_ssize_t number) {
    if (PyObject_GetBuffer(object, view, PyBUF_SIMPLE) < 0)
        return NULL;
    if (view->len == size)
        return view->buf;
    PyErr_Format(PyExc_ValueError, "%s %zd has %zd bytes; %zd are needed", what, number, view->len, size);
    PyBuffer_Release(view);
    return NULL;
}

static PyObject *state_new(PyTypeObject *type, PyObject *args, PyObject *names) {
    if (PyTuple_Size(args) != 0 || (names != NULL && PyDict_Size(names) != 0)) {
        PyErr_SetString(PyExc_TypeError, "State takes no arguments");
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    State *state = (State *)alloc(type, 0); /* all zeros */
    if (state != NULL)
        state->place = -1;
    return (PyObject *)state;
}

void plain_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *get_part(PyObject *self, void *whole) {
    State *state = (State *)self;
    return whole ? PyBytes_FromStringAndSize((char *)state->memory.hidden, 2 * UNITS * sizeof(float))
                 : PyBytes_FromStringAndSize((char *)state->memory.context, sizeof state->memory.context);
}

static int set_part(PyObject *self, PyObject *value, void *whole) {
    State *state = (State *)self;
    void *to = whole ? (void *)state->memory.hidden : (void *)state->memory.context;
    Py_ssize_t size = whole ? 2 * UNITS * (Py_ssize_t)sizeof(float) : (Py_ssize_t)sizeof state->memory.context;
    Py_buffer view;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "a part of a state cannot be deleted");
        return -1;
    }
    if (whole_buffer(value, &view, size, "part", (Py_ssize_t)(whole != NULL)) == NULL)
        return -1;
    memcpy(to, view.buf, size);
    PyBuffer_Release(&view);
    return 0;
}

static PyGetSetDef state_parts[] = {
    {"context", get_part, set_part, "The last 64 samples, 128 bytes.", NULL},
    {"memory", get_part, set_part, "The LSTM's two vectors, 256 floats.", (void *)"memory"},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot state_slots[] = {
    {Py_tp_new, state_new},
    {Py_tp_dealloc, plain_dealloc},
    {Py_tp_getset, state_parts},
    {Py_tp_doc, "What the network remembers of one conversation."},
    {0, NULL},
};

PyType_Spec state_spec = {
    .name = "voxwire_speedups.State", .basicsize = sizeof(State), .flags = Py_TPFLAGS_DEFAULT, .slots = state_slots,
};

int place_of(State *state, Pass *pass) {
    if (state->place < 0) {
        state->place = pass->memory_count++;
        pass->memories[state->place] = state->memory;
        pass->states[state->place] = state;
    }
    return state->place;
}

void release_places(Pass *pass) {
    for (int i = 0; i < pass->memory_count; i++)
        ((State *)pass->states[i])->place = -1;
}

void keep_memories(Pass *pass) {
    for (int i = 0; i < pass->memory_count; i++)
        ((State *)pass->states[i])->memory = pass->memories[i];
}
