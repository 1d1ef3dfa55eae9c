"""Options of the engines of a deployment, checked before it is stored."""

import asyncio

from voxwire.engines.registry import make
from voxwire.errors import ConfigurationError, RequestRefused
from voxwire.server.profiles import Stages


async def check_options(stages: Stages) -> None:
    """Raises RequestRefused (400) with the sentence of the engine that does not take its options.

    An engine is made and not started, so no model is loaded and nobody is asked. A library that is missing here is no
    reason to refuse: it can be installed later, and the server may run elsewhere.
    """
    for kind, line in stages.items():
        for one in (line, *line.otherwise):
            try:
                engine = await asyncio.to_thread(make, kind, one.name, one.options)
            except ImportError:
                continue
            except ConfigurationError as error:
                raise RequestRefused(400, str(error), code="invalid_value", param=kind) from None
            await engine.close()
