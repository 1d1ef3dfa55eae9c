"""What signing in by a token costs a connection: one that is new, and one that is known.

`python bench/keyless.py`. The issuer's keys are there, as they are from the start of a server on.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "shared"))

from local_issuer import LocalIssuer

from voxwire.auth.oidc import OidcSource
from voxwire.config import EntraSettings

TOKENS = 1000


async def measure(issuer: LocalIssuer) -> dict[str, list[float]]:
    """Microseconds of the event loop for each token, first and second time."""
    source = OidcSource({"entra": EntraSettings.model_validate(issuer.entra).as_issuer()})
    await source.identify(issuer.token())
    tokens = [issuer.token(jti=str(number)) for number in range(TOKENS)]
    took: dict[str, list[float]] = {"new": [], "known": []}
    for times in took.values():
        for token in tokens:
            started = time.perf_counter()
            await source.identify(token)
            times.append((time.perf_counter() - started) * 1e6)
    await source.close()
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, LocalIssuer(Path(folder)).running() as issuer:
        for name, times in asyncio.run(measure(issuer)).items():
            slow = statistics.quantiles(times, n=100)[98]
            print(f"{name:6} median {statistics.median(times):6.1f} µs, 99 of 100 below {slow:6.1f} µs")


if __name__ == "__main__":
    main()
