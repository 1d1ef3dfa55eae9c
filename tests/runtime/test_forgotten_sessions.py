"""A language engine that keeps something for each session is told when one has ended."""

from runtime_client import connected

from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service


class Remembering(FakeLlm):
    """It notes who has ended, and whether an answer was still in the making then."""

    def __init__(self) -> None:
        super().__init__([60.0])
        self.forgotten: list[tuple[str, int]] = []

    def forget(self, session_key: str) -> None:
        self.forgotten.append((session_key, self.closed_iterators))


async def test_once_and_after_all_its_work_has_ended() -> None:
    llm = Remembering()
    async with connected(fake_service(fake_deployment(llm=llm))) as client:
        await client.say_text("Hello?")
        await client.send("response.create")
        await client.wire.wait_for("response.created")
        assert llm.forgotten == []
    (asked,) = llm.requests
    assert llm.forgotten == [(asked.session_key, 1)]


async def test_an_engine_that_keeps_nothing_is_left_alone() -> None:
    async with connected(fake_service()) as client:
        await client.say_text("Hello?")
