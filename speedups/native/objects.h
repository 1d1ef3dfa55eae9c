/* The Python objects: a network and the states of conversations. */
#ifndef VOXWIRE_OBJECTS_H
#define VOXWIRE_OBJECTS_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include "pass.h"

/* Types of the module, kept by it. */
typedef struct {
    PyTypeObject *network, *state, *tape;
} Types;

extern struct PyModuleDef module_definition;

typedef struct {
    PyObject_HEAD
    Memory memory;
    int place;                    /* in the pass that is being filled; -1 outside of that */
} State;

typedef struct {
    PyObject_HEAD
    Detector detector;
    PyObject *state_type, *tape_type;
    int16_t decode[FILTERS][256]; /* samples of the bytes of a format that has one byte a sample */
    int bytes_of_sample[FILTERS];
    Pass *spare;                  /* of the last call, for the next one; taken with the interpreter's lock */
} NetworkObject;

extern PyType_Spec network_spec, state_spec;

/* A buffer of exactly `size` bytes, or NULL with TypeError or ValueError. */
const void *whole_buffer(PyObject *object, Py_buffer *view, Py_ssize_t size, const char *what, Py_ssize_t number);
/* Frees an object that holds nothing. */
void plain_dealloc(PyObject *self);

/* The conversation's place in the pass, which gets a copy of its memory if it has none yet. */
int place_of(State *state, Pass *pass);
/* The pass is filled: another one may be, with the same states, while this one runs. */
void release_places(Pass *pass);
/* The pass has run: its conversations remember. */
void keep_memories(Pass *pass);

/* The spare pass if it is large enough, else a new one; NULL with MemoryError. */
Pass *take_pass(NetworkObject *network, Py_ssize_t rows);
void give_pass(NetworkObject *network, Pass *pass);

PyObject *network_score_tapes(PyObject *object, PyObject *args);

#endif
