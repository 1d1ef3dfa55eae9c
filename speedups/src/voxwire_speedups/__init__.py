"""The speech detection of Voxwire as a native kernel.

`Network` is the network with its weights, which the caller brings, packed for one kernel. `State` is what it
remembers of one conversation, `Tape` the uncommitted audio of one session. `variants` names the kernels that this
processor can run, best first.

With `VOXWIRE_SPEEDUPS=off` in the environment it cannot be imported, as if it was not installed.
"""

import os

if os.environ.get("VOXWIRE_SPEEDUPS") == "off":
    raise ImportError("voxwire-speedups is switched off by VOXWIRE_SPEEDUPS=off")
try:
    from voxwire_speedups._native import INTERFACE, Network, State, Tape, variants
except ImportError as error:
    raise ImportError(
        "voxwire-speedups has no compiled part here: it was installed where no C compiler was found. Install GCC or "
        "Clang and the headers of Python, then type: pip install --force-reinstall --no-cache-dir voxwire-speedups "
        f"({error})"
    ) from error

__all__ = ["INTERFACE", "Network", "State", "Tape", "variants"]
