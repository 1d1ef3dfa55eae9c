"""The JSON body of every refused request (protocol: connecting, Refused handshakes)."""

import json

from voxwire.errors import RequestRefused


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
