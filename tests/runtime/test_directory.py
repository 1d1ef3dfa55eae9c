"""Deployments that come and go while sessions run, and those whose engines do not start."""

import asyncio
import logging
from typing import Any

import pytest
from runtime_client import ANYBODY, connected

from voxwire.errors import ConfigurationError, EngineError
from voxwire.runtime import directory as directory_module
from voxwire.runtime.directory import DeploymentGone, Hosted, LocalDirectory
from voxwire.runtime.leases import EngineLeases
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_directory, fake_service, hosted
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import FakeVad

DOWN = EngineError("llm", "engine_died", "There is nobody.")


class Ailing(FakeLlm):
    """Does not start as long as `ailing`, one start after the other."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.faults = list(faults)

    async def start(self) -> None:
        await super().start()
        if self.faults:
            raise self.faults.pop(0)


@pytest.fixture
def leases() -> EngineLeases:
    return EngineLeases()


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines are tried again at once."""
    monkeypatch.setattr(directory_module, "_RETRY_S", (0.0,))


@pytest.fixture
def _never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "_RETRY_S", (3600.0,))


def lives(*engines: Any) -> list[tuple[int, int]]:
    return [(engine.started, engine.closed) for engine in engines]


async def test_names_and_aliases() -> None:
    house, lab = fake_deployment(name="house"), fake_deployment(name="lab")
    directory = fake_directory(house, lab, aliases={"gpt-realtime": "lab", "house": "lab"})
    for name, meant in ((None, "house"), ("gpt-realtime", "lab"), ("house", "house")):
        found = await directory.deployment(name, ANYBODY)
        assert found is not None
        assert found.name == meant
    assert await directory.deployment("nobody", ANYBODY) is None
    assert [found.name for found in await directory.deployments(ANYBODY)] == ["house", "lab"]
    with pytest.raises(ConfigurationError, match="'garage'"):
        LocalDirectory(directory.all, default="garage")


@pytest.mark.usefixtures("_never")
class TestFailing:
    async def test_one_that_fails_leaves_the_others_ready(self, caplog: pytest.LogCaptureFixture) -> None:
        stt = FakeStt()
        shop = fake_deployment(name="shop", stt=stt, llm=Ailing(DOWN))
        directory = fake_directory(fake_deployment(stt=stt), shop)
        await directory.start()
        good, bad = directory.all
        assert good.deployment is not None
        assert bad.deployment is None
        assert bad.trouble is not None
        assert (bad.trouble.stage, bad.trouble.error) == ("llm", DOWN)
        assert 3590 < bad.trouble.retry_after_s <= 3600
        assert "deployment shop is not ready, its language engine does not start: llm: There is nobody." in caplog.text
        with pytest.raises(DeploymentGone), bad.used():
            pass
        await directory.close()
        assert lives(stt, shop.llm, shop.tts) == [(1, 1), (1, 1), (1, 1)]

    @pytest.mark.parametrize("fault", [DOWN, ConfigurationError("Say which model."), OSError("no memory")])
    async def test_when_none_is_ready_the_reason_is_raised(self, fault: Exception) -> None:
        llm = Ailing(fault)
        service = fake_service(fake_deployment(llm=llm), fake_deployment(name="other", llm=llm))
        with pytest.raises(type(fault), match=str(fault).replace("(", r"\(").replace(")", r"\)")):
            await service.start()
        await service.close()
        assert lives(llm) == [(1, 1)]

    async def test_when_none_of_those_that_matter_is_ready_the_reason_is_raised(self, leases: EngineLeases) -> None:
        found = [hosted(fake_deployment(), leases), hosted(fake_deployment(name="shop", llm=Ailing(DOWN)), leases)]
        directory = LocalDirectory(found, default="gpt-realtime", needed=["shop"])
        with pytest.raises(EngineError, match="There is nobody"):
            await directory.start()
        await directory.close()

    async def test_a_bug_of_an_engine_shows_where_it_is(self, caplog: pytest.LogCaptureFixture) -> None:
        directory = fake_directory(fake_deployment(), fake_deployment(name="shop", llm=Ailing(ZeroDivisionError())))
        await directory.start()
        await directory.close()
        assert "Traceback" in caplog.text

    async def test_preparing_counts_as_starting(self) -> None:
        class Deaf(FakeStt):
            async def prepare(self, config: object) -> None:
                raise EngineError("stt", "no_words", "No words.")

        directory = fake_directory(fake_deployment(), fake_deployment(name="shop", stt=Deaf()))
        await directory.start()
        trouble = directory.all[1].trouble
        assert trouble is not None
        assert trouble.stage == "stt"
        await directory.close()


@pytest.mark.usefixtures("_at_once")
async def test_it_is_tried_until_it_starts_and_the_log_says_each_reason_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    llm = Ailing(DOWN, DOWN, DOWN)
    directory = fake_directory(fake_deployment(), fake_deployment(name="shop", llm=llm))
    await directory.start()
    async with asyncio.timeout(5):
        while directory.all[1].deployment is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert directory.all[1].trouble is None
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "deployment shop is ready after all" in caplog.text
    await directory.close()


class TestComingAndGoing:
    @pytest.fixture
    def stt(self) -> FakeStt:
        return FakeStt()

    @pytest.fixture
    def tts(self) -> FakeTts:
        return FakeTts()

    @pytest.fixture
    def first(self, leases: EngineLeases, stt: FakeStt) -> Hosted:
        return hosted(fake_deployment(stt=stt), leases)

    @pytest.fixture
    def service(self, first: Hosted) -> Service:
        return Service(directory=LocalDirectory([first], default="gpt-realtime"), vad=FakeVad())

    async def test_a_new_one_shares_what_runs_and_the_last_to_go_ends_it(
        self, service: Service, leases: EngineLeases, stt: FakeStt, tts: FakeTts
    ) -> None:
        await service.start()
        assert service.load.describe()["can_follow"] is None
        shop = fake_deployment(name="shop", stt=stt, tts=tts)
        await service.directory.put(hosted(shop, leases))
        assert lives(stt, tts) == [(1, 0), (1, 0)]
        assert service.directory.recognisers() == [stt]
        service.directory.remove("shop")
        await settled()
        assert await service.directory.deployment("shop", ANYBODY) is None
        assert lives(stt, tts) == [(1, 0), (1, 1)]
        await service.close()
        assert lives(stt, tts) == [(1, 1), (1, 1)]

    async def test_sessions_of_one_that_is_taken_away_go_on_to_their_end(
        self, service: Service, leases: EngineLeases, first: Hosted, stt: FakeStt
    ) -> None:
        await service.start()
        async with connected(service) as client:
            service.directory.remove("gpt-realtime")
            with pytest.raises(DeploymentGone), first.used():
                pass
            await client.say_text("Hello?")
            await client.send("response.create")
            assert (await client.wire.wait_for("response.done"))["response"]["status"] == "completed"
            assert stt.closed == 0
        await settled()
        assert stt.closed == 1
        await service.close()

    async def test_one_of_the_same_name_takes_its_place_without_a_new_engine(
        self, service: Service, leases: EngineLeases, stt: FakeStt
    ) -> None:
        await service.start()
        before, found = service.directory.all, hosted(fake_deployment(stt=stt, instructions="Be brief."), leases)
        await service.directory.put(found)
        await settled()
        assert service.directory.all == (found,) != before
        assert lives(stt) == [(1, 0)]
        await service.close()

    async def test_the_end_waits_for_no_session_of_one_that_was_taken_away(
        self, service: Service, first: Hosted, stt: FakeStt
    ) -> None:
        await service.start()
        with first.used():
            service.directory.remove("gpt-realtime")
            await settled()
            await service.close()
            assert stt.closed == 1

    async def test_one_that_does_not_close_is_logged(
        self, service: Service, leases: EngineLeases, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Stuck(FakeTts):
            async def close(self) -> None:
                raise EngineError("tts", "stuck", "The voice does not stop.")

        await service.directory.put(hosted(fake_deployment(name="shop", tts=Stuck()), leases))
        service.directory.remove("shop")
        await settled()
        assert "does not stop" in caplog.text
        await service.close()


class TestGivenUp:
    """Told to end while engines start, as by Ctrl-C. Waiting is by steps of the loop: nothing here takes time."""

    @pytest.fixture
    def slow(self) -> FakeTts:
        class Slow(FakeTts):
            async def start(self) -> None:
                await super().start()
                await asyncio.Event().wait()

        return Slow()

    async def test_all_engines_are_closed_also_those_that_were_starting(self, slow: FakeTts) -> None:
        deployment = fake_deployment(tts=slow)
        service = fake_service(deployment)
        starting = asyncio.create_task(service.start())
        while not slow.started:  # noqa: ASYNC110
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait({starting})
        await service.close()
        assert lives(deployment.stt, deployment.llm, slow) == [(1, 1), (1, 1), (1, 1)]
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    async def test_a_second_engine_that_fails_meanwhile_changes_nothing(self, slow: FakeTts) -> None:
        deployment = fake_deployment(tts=slow, llm=Ailing(DOWN))
        service = fake_service(deployment)
        starting = asyncio.create_task(service.start())
        while not slow.started:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait({starting})
        await service.close()
        assert lives(deployment.stt, deployment.llm, slow) == [(1, 1), (1, 1), (1, 1)]


async def settled() -> None:
    """What was begun in the background by `remove` has been done."""
    for _ in range(20):
        await asyncio.sleep(0)
