"""The `relay` engine keeps the contract of language engines, in front of our own server in both of its dialects."""

from collections.abc import Iterator
from typing import ClassVar

import pytest
from relaying import KEY, PATHS

from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.interfaces.llm import LlmRequest
from voxwire.testing.contract import LlmContract
from voxwire.testing.fake_llm import FakeLlm, Script, words
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import served_in_thread


def _answer(request: LlmRequest) -> Script:
    return words("Once upon a time there was a clock.", pace_s=0.002)


class _InFrontOfOurselves(LlmContract):
    dialect: ClassVar[str]
    url: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def service(cls) -> Iterator[None]:
        service = fake_service(fake_deployment(llm=FakeLlm(_answer), stt=FakeStt("hello")))
        with served_in_thread(service, auth={"api_keys": [KEY]}) as url:
            cls.url = url.replace("http", "ws") + PATHS[cls.dialect]
            yield

    @classmethod
    def make_engine(cls) -> RelayEngine:
        url = getattr(cls, "url", "ws://127.0.0.1:9")
        # The fakes of the service cannot see.
        return engine({"url": url, "model": "gpt-realtime", "api_key": KEY, "images": False})


class TestInFrontOfGa(_InFrontOfOurselves):
    dialect = "ga"


class TestInFrontOfThePreview(_InFrontOfOurselves):
    dialect = "preview"


del _InFrontOfOurselves
