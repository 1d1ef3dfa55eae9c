"""The JSON body of every refused request (protocol: connecting, Refused handshakes)."""

import json

from voxwire.errors import SERVER_ERROR, RequestRefused, StorageError


def refusal_body(refusal: RequestRefused) -> bytes:
    """`{"error": {message, type, param, code}}`, as the official services write it."""
    error = {"message": refusal.message, "type": refusal.type, "param": refusal.param, "code": refusal.code}
    return json.dumps({"error": error}).encode()


def refusal_headers(refusal: RequestRefused, body: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in refusal.headers),
    ]


def storage_refusal(error: StorageError) -> RequestRefused:
    """503 or 500 of a request that needs the database while that fails; where and why is for the log."""
    return RequestRefused(
        503 if error.passing else 500,
        f"The server's database cannot be used ({error.kind}). "
        + ("Try again in a moment." if error.passing else "Its log says why."),
        code="storage_unavailable",
        type=SERVER_ERROR,
        headers=(("retry-after", "2"),) if error.passing else (),
    )
