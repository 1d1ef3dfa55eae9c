"""`GET /`: the playground; `GET /manage`: the page to manage the server; their files below `/playground/`."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voxwire.playground import SECURITY_HEADERS, StaticFile, static_files

#: Asked for every time and mostly answered by 304: an upgraded server never serves half an old page.
_HEADERS: Final = {"cache-control": "no-cache", "vary": "accept-encoding", **SECURITY_HEADERS}

#: Where the parts of the page are: some ninety files.
FILES: Final = "/playground/{path:path}"


def playground_routes() -> list[Route]:
    static_files()  # read now: 25 ms in which sessions would get no word
    return [
        Route("/", _index, methods=["GET"]),
        Route("/manage", _manage, methods=["GET"]),
        Route(FILES, _file, methods=["GET"]),
    ]


async def _index(request: Request) -> Response:
    return _answer(request, static_files()["index.html"])


async def _manage(request: Request) -> Response:
    return _answer(request, static_files()["manage.html"])


async def _file(request: Request) -> Response:
    file = static_files().get(request.path_params["path"])
    if file is None:
        raise HTTPException(404)
    return _answer(request, file)


def _answer(request: Request, file: StaticFile) -> Response:
    headers = {"etag": file.etag, **_HEADERS}
    if file.etag in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(file.content, media_type=file.media_type, headers=headers)
    return Response(file.gzipped, media_type=file.media_type, headers={**headers, "content-encoding": "gzip"})
