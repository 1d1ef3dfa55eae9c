"""The compiled part. Without a C compiler the package installs and says at import what to do."""

from setuptools import Extension, setup

KERNELS = ("kernel_baseline", "kernel_avx2", "kernel_avx512", "kernel_avx512vnni")
SOURCES = ("module", "state", "network_object", "tape", "tape_scoring", "pass", "whole", "dispatch", *KERNELS)
HEADERS = ("kernel.h", "kernel.inc", "objects.h", "pass.h", "tape.h", "target.h", "whole.h", "whole.inc")

setup(
    ext_modules=[
        Extension(
            "voxwire_speedups._native",
            sources=[f"native/{name}.c" for name in SOURCES],
            depends=[f"native/{name}" for name in HEADERS],
            # Never -ffast-math: kernel.inc rounds by adding a large constant and taking it away again.
            extra_compile_args=["-std=gnu11", "-O3", "-fno-math-errno", "-fvisibility=hidden", "-g0"],
            libraries=["m"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
