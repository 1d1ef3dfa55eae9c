"""Sessions over each tape that is installed."""

from collections.abc import Iterator

import pytest

from voxwire.audio.tapes import TAPES
from voxwire.session import listener


@pytest.fixture(scope="module", params=sorted(TAPES))
def each_tape(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a session says does not depend on which one it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listener, "new_tape", TAPES[request.param])
        yield
