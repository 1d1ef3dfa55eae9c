"""What `voxwire doctor` says of the issuers whose tokens the settings accept."""

import asyncio
from collections.abc import Mapping
from textwrap import fill
from typing import Any, Final

from voxwire.config import IssuerSettings
from voxwire.printing import say

#: How lines are wrapped. An address is copied from here: it is never cut.
_WRAPPED: Final[dict[str, Any]] = {"width": 80, "break_on_hyphens": False, "break_long_words": False}


async def issuers_answer(issuers: Mapping[str, IssuerSettings]) -> bool:
    """Fetch the keys of each issuer, and compare its clock with ours. Whether tokens of all of them can be checked."""
    if not issuers:
        return True
    say("\nAsking the issuers of tokens ...")
    outcomes = await asyncio.gather(*(_checked(name, settings) for name, settings in issuers.items()))
    for good, found in outcomes:
        state = "ok      " if good else "failed  "
        say(fill(found, initial_indent=state, subsequent_indent=" " * len(state), **_WRAPPED))
    return all(good for good, _ in outcomes)


async def _checked(name: str, settings: IssuerSettings) -> tuple[bool, str]:
    from voxwire.auth.oidc import IssuerError, fetch_keys

    try:
        published = await fetch_keys(settings)
    except IssuerError as error:
        return False, f"{name}: {error}"
    keys = f"{len(published.keys)} keys for {', '.join(settings.algorithms)}"
    ahead = published.clock_ahead_s
    if ahead is None:
        return True, f"{name}: {keys}; it does not say what time it is"
    apart = f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) <= settings.leeway_s:
        return True, f"{name}: {keys}; {apart}"
    return False, f"{name}: {apart}, more than leeway_s allows ({settings.leeway_s} s): set the clock of this machine"
