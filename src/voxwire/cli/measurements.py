"""`voxwire doctor --measure`: what this machine can do, and how fast."""

import argparse
import asyncio
import logging
from typing import Final

from voxwire.config import Settings, load_settings
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import ENGINE_TITLES
from voxwire.measuring.held_memory import held_bytes
from voxwire.measuring.machine import fitting_profile, this_machine
from voxwire.measuring.spoken_question import SILENCE_MS, first_sound
from voxwire.measuring.stages import QUESTION, SpokenSample, StageFigures, measure, speak
from voxwire.printing import say
from voxwire.runtime import DEFAULT_VOICE, EngineLease, Hosted, Service
from voxwire.server.build import build_service

_MIB: Final = 1024 * 1024
#: The voice first, since what it says is what the others hear.
_ORDER: Final = ("tts", "stt", "turn", "llm")


def measure_deployments(args: argparse.Namespace) -> int:
    """Measure every deployment of the settings whose engines differ; 0 when all of them work.

    Raises ConfigurationError for settings that cannot work.
    """
    llm = {name: value for name, value in (("base_url", args.llm), ("model", args.model)) if value}
    chosen = {"llm": llm, "profile": args.profile}
    settings = load_settings(args.config, {name: value for name, value in chosen.items() if value})
    logging.getLogger("voxwire").addHandler(logging.NullHandler())  # what it would say is said here
    machine = this_machine()
    say(f"This machine has {machine}.")
    outcome = asyncio.run(_measure(settings))
    profile, reason = fitting_profile(machine)
    say(f"\nThe profile that fits: {profile} ({reason}). Use it with: voxwire serve --profile {profile}")
    return outcome


async def _measure(settings: Settings) -> int:
    service = build_service(settings)
    measured: set[tuple[int, ...]] = set()
    failed = False
    try:
        await _detector(service)
        for hosted in service.directory.all:
            engines = tuple(sorted(id(engine) for engine in hosted.stages.values()))
            if engines not in measured:  # the deployments that always exist share theirs
                measured.add(engines)
                failed |= not await _deployment(service, hosted)
    finally:
        await service.close()
    return int(failed)


async def _detector(service: Service) -> None:
    before = held_bytes()
    await service.vad.start()
    figures = await measure("vad", service.vad, None, "")
    _tell("vad", service.vad.capabilities.info.name, figures, held_bytes() - before)


async def _deployment(service: Service, hosted: Hosted) -> bool:
    """Whether all of it works."""
    say(f"\n{hosted.name}:")
    speech: SpokenSample | None = None
    try:
        for stage in (*_ORDER, *(hosted.leases.keys() - set(_ORDER))):
            if stage in hosted.leases:
                speech = await _stage(stage, hosted.leases[stage], speech)
        await hosted.tried()
        if hosted.trouble is not None:
            raise hosted.trouble.error
        if "tts" in hosted.leases:
            _, question = await speak(hosted.leases["tts"].engine, DEFAULT_VOICE, QUESTION)
            delay_ms = await first_sound(service, hosted, question)
            say(f"  end of speech to first sound: {delay_ms:.0f} ms, {SILENCE_MS} of them the silence asked for")
    except (ConfigurationError, EngineError) as error:
        say(f"  failed: {error}")
        return False
    return True


async def _stage(stage: str, lease: EngineLease, speech: SpokenSample | None) -> SpokenSample | None:
    """Measure an engine; what is known of speech afterwards."""
    before = held_bytes()
    await lease.start()
    figures = await measure(stage, lease.engine, speech, DEFAULT_VOICE)  # type: ignore[arg-type]
    _tell(stage, lease.engine.capabilities.info.name, figures, held_bytes() - before)
    return (await speak(lease.engine, DEFAULT_VOICE))[1] if stage == "tts" else speech


def _tell(stage: str, name: str, figures: StageFigures, memory: int) -> None:
    first = f"{figures.first_ms:.0f} ms to {_FIRST[stage]}" if stage in _FIRST else ""
    factor = f"{figures.per_second:.3f} of real time" if figures.per_second is not None else ""
    parts = (first, factor, f"{max(0, memory) // _MIB} MiB", figures.remark)
    say(f"  {ENGINE_TITLES[stage]:20}{name:20}{', '.join(part for part in parts if part)}")


#: What comes first out of a stage.
_FIRST: Final = {"tts": "the first sound", "stt": "the words", "turn": "a vote", "llm": "the first words"}
