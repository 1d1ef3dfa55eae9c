"""Finding shared libraries of the system, in a worker."""

import ctypes
import sys
from typing import Final

#: Homebrew's folder is not among those that dlopen searches.
_FOLDERS: Final = ("", "/opt/homebrew/lib/", "/usr/local/lib/") if sys.platform == "darwin" else ("",)


def load_library(stem: str, major: int) -> ctypes.CDLL:
    """Load `libSTEM` of this major version, its symbols visible to what is loaded later. Raises OSError."""
    file = f"lib{stem}.{major}.dylib" if sys.platform == "darwin" else f"lib{stem}.so.{major}"
    for folder in _FOLDERS[:-1]:
        try:
            return ctypes.CDLL(folder + file, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
    return ctypes.CDLL(_FOLDERS[-1] + file, mode=ctypes.RTLD_GLOBAL)
