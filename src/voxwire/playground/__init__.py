"""The playground: a page to talk to the server with, made of static files.

`static/` holds the page as browsers load it: HTML, CSS and ES modules, no build step. The modules of
the JavaScript client are served beside them from where they are: inside the package once installed,
in `clients/javascript` in a checkout.
"""

from voxwire.playground.files import SECURITY_HEADERS, StaticFile, static_files

__all__ = ["SECURITY_HEADERS", "StaticFile", "static_files"]
