"""What the examples share: how to reach the service, recordings, and what is said when something is missing."""

import asyncio
import os
import sys
import wave
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential
from rtclient import RealtimeException, RTClient, RTMessageItem
from rtclient.low_level_client import ConnectionError as RefusedError

RATE = 24_000
"""Samples a second, of 16 bits, mono: what the service hears and speaks."""


def setting(name: str) -> str:
    """A variable of the environment that an example cannot do without."""
    if value := os.environ.get(name):
        return value
    raise SystemExit(f"Set {name} first. `voxwire serve` prints the lines to paste; the README has their meaning.")


def run(main: Callable[..., Coroutine[Any, Any, None]], *files: str, optional: int = 0) -> None:
    """Run an example on the files that it is given, and up to `optional` more words. What can be mended is one line."""
    given = sys.argv[1:]
    if not len(files) <= len(given) <= len(files) + optional:
        raise SystemExit(f"Usage: python {sys.argv[0]} {' '.join(files)}".rstrip())
    try:
        asyncio.run(main(*given))
    except KeyboardInterrupt:
        return  # the person at the keyboard has heard enough
    except (OSError, EOFError, wave.Error, RefusedError, RealtimeException, ClientAuthenticationError) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


@asynccontextmanager
async def credentials() -> AsyncIterator[dict[str, Any]]:
    """A key from AZURE_OPENAI_API_KEY if there is one, else whoever is signed in to Azure."""
    if key := os.environ.get("AZURE_OPENAI_API_KEY"):
        yield {"key_credential": AzureKeyCredential(key)}
    else:
        async with DefaultAzureCredential() as credential:
            yield {"token_credential": credential}


@asynccontextmanager
async def connected() -> AsyncIterator[RTClient]:
    """A conversation with the deployment that the environment names."""
    async with (
        credentials() as given,
        RTClient(
            url=setting("AZURE_OPENAI_ENDPOINT"),
            azure_deployment=setting("AZURE_OPENAI_DEPLOYMENT_NAME"),
            **given,
        ) as client,
    ):
        yield client


def read_wav(path: str) -> bytes:
    """The samples of a recording, which must be in the service's own format."""
    with wave.open(path, "rb") as recording:
        if (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) != (RATE, 1, 2):
            raise SystemExit(f"{path}: 24 kHz, mono, 16 bits, please")
        return recording.readframes(recording.getnframes())


def write_wav(path: str, samples: bytes) -> None:
    """Keep samples as a recording."""
    with wave.open(path, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(samples)


async def read_message(item: RTMessageItem) -> tuple[str, bytes]:
    """All that a message says: its words, and their sound if it is spoken."""
    words, sound = "", b""
    async for content in item:
        if content.type == "audio":
            words += "".join([piece async for piece in content.transcript_chunks()])
            sound += b"".join([piece async for piece in content.audio_chunks()])
        else:
            words += "".join([piece async for piece in content.text_chunks()])
    return words, sound
