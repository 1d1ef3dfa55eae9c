/* voxwire_speedups._native: what the package exports, see its stub. */
#include "tape.h"

enum { INTERFACE = 3 };           /* grows when something is called in another way */

static PyObject *variants(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    const Kernel *const *found = kernels();
    Py_ssize_t count = 0;
    while (found[count] != NULL)
        count++;
    PyObject *names = PyTuple_New(count);
    for (Py_ssize_t i = 0; names != NULL && i < count; i++) {
        PyObject *name = PyUnicode_FromString(found[i]->name);
        if (name == NULL || PyTuple_SetItem(names, i, name) < 0)
            Py_CLEAR(names);
    }
    return names;
}

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name) {
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (type != NULL && PyModule_AddObjectRef(module, name, type) < 0)
        Py_CLEAR(type);
    return (PyTypeObject *)type;
}

static int fill(PyObject *module) {
    Types *types = PyModule_GetState(module);
    types->state = add_type(module, &state_spec, "State");
    types->tape = types->state == NULL ? NULL : add_type(module, &tape_spec, "Tape");
    types->network = types->tape == NULL ? NULL : add_type(module, &network_spec, "Network");
    if (types->network == NULL)
        return -1;
    return PyModule_AddIntConstant(module, "INTERFACE", INTERFACE);
}

static int visit_types(PyObject *module, visitproc visit, void *arg) {
    Types *types = PyModule_GetState(module);
    Py_VISIT(types->network);
    Py_VISIT(types->state);
    Py_VISIT(types->tape);
    return 0;
}

static int clear_types(PyObject *module) {
    Types *types = PyModule_GetState(module);
    Py_CLEAR(types->network);
    Py_CLEAR(types->state);
    Py_CLEAR(types->tape);
    return 0;
}

static PyMethodDef functions[] = {
    {"variants", variants, METH_NOARGS, "Names of the kernels that this processor can run, best first."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "voxwire_speedups._native",
    .m_size = sizeof(Types),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = visit_types,
    .m_clear = clear_types,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&module_definition); }
