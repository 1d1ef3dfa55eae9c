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

/* The spare pass if it is large enough, else a new one; NULL with MemoryError. */
Pass *take_pass(NetworkObject *network, Py_ssize_t rows);
void give_pass(NetworkObject *network, Pass *pass);
/* The conversation's place in the pass, which gets a copy of its memory if it has none yet. */
int place_of(State *state, Pass *pass);

#endif
