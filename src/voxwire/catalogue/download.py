"""One file over HTTP into a part on disk, which a later attempt goes on with.

The catalogue says how large the file is and what its hash is. So redirects are followed wherever they lead, and no
more is read than that. A token goes to the host that it is for, and not along with a redirect to another one.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx2

from voxwire.catalogue.entry import ModelFile
from voxwire.catalogue.progress import Moved
from voxwire.catalogue.pull_errors import SourceFailed, SourceUnreachable

#: A connection that takes longer is none; a server that sends nothing for so long has gone.
_PATIENCE: Final = httpx2.Timeout(30.0, connect=10.0)
#: Seconds before the server is asked again, when it has sent nothing new; then it is given up.
_WAITS_S: Final = (1, 2, 4)
#: What may pass by itself.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Interrupted(Exception):
    """The file is not whole yet, and asking again may help."""


def download(url: str, headers: Mapping[str, str], file: ModelFile, part: Path, moved: Moved) -> None:
    """Fill `part` up to the size of the file, from where it is. Raises SourceFailed; what has come stays in `part`."""
    came, failures = False, 0
    with httpx2.Client(follow_redirects=True, timeout=_PATIENCE, max_redirects=8) as client:
        while (before := bytes_in(part)) < file.size:
            try:
                _go_on(client, url, headers, file, part, moved)
            except (_Interrupted, httpx2.TransportError) as error:
                problem = _explain(url, error)
                if bytes_in(part) > before:
                    came, failures = True, 0
                elif not came and _nobody_there(error):
                    raise SourceUnreachable(problem) from None
                elif failures == len(_WAITS_S):
                    raise SourceFailed(problem) from None
                time.sleep(_WAITS_S[failures])
                failures += 1


def _go_on(
    client: httpx2.Client, url: str, headers: Mapping[str, str], file: ModelFile, part: Path, moved: Moved
) -> None:
    """One request for what is missing. Raises SourceFailed, TransportError, _Interrupted."""
    have = bytes_in(part)
    asked = {**headers, "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", url, headers=asked) as response:
        _check(response, url)
        if response.status_code == 200:
            have = 0  # the server does not go on in the middle
        with part.open("r+b" if part.exists() else "w+b") as out:
            out.truncate(have)
            out.seek(have)
            for chunk in response.iter_bytes():
                have += len(chunk)
                if have > file.size:
                    out.truncate(0)
                    raise SourceFailed(f"{file.name} is larger there than the catalogue says")
                out.write(chunk)
                moved(have)
    if have < file.size:
        raise _Interrupted("the file there ends too early")


def _check(response: httpx2.Response, url: str) -> None:
    """Raises SourceFailed, _Interrupted, when the answer is not the file."""
    status, host = response.status_code, httpx2.URL(url).host
    if status in (200, 206):
        return
    if status in _PASSING:
        raise _Interrupted(f"{host} answers {status}")
    if status in (401, 403):
        raise SourceFailed(
            f"{host} lets only those read it who may ({status}): sign in with `hf auth login` or set HF_TOKEN, and "
            "accept the terms of the model there, if it has any"
        )
    raise SourceFailed(f"{host} does not have it ({status})")


def _explain(url: str, error: Exception) -> str:
    host = httpx2.URL(url).host
    match error:
        case _Interrupted():
            return str(error)
        case httpx2.TimeoutException():
            return f"{host} does not answer in time"
        case httpx2.ProxyError():
            return f"the proxy does not lead to {host}"
        case httpx2.ConnectError():
            return f"{host} cannot be reached"
    return "the connection broke"


def _nobody_there(error: Exception) -> bool:
    """Whether there is no way to the host. Another source is better then than another try."""
    return isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError)


def bytes_in(path: Path) -> int:
    """The size of a file; 0 of one that is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
