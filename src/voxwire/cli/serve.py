"""`voxwire serve`: the server."""

import argparse
import contextlib
import logging
import os
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from voxwire.cli.output import background_output
from voxwire.printing import complain

if TYPE_CHECKING:
    from voxwire.auth import DevIdentity
    from voxwire.config import Settings
    from voxwire.runtime import Service
    from voxwire.server.access import Access
    from voxwire.server.announcement import Announced
    from voxwire.server.build import DeploymentHost
    from voxwire.server.net.listen import NetworkListener

#: Longer than this without a word looks like a hang.
_MOMENT_S = 1.0
#: The module that a worker runs, where there are several.
_WORKER = "voxwire.cli.serve_worker"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve` to the command line."""
    parser = subparsers.add_parser(
        "serve",
        help="run the server",
        description="Serve the Realtime API. Prints one line when clients may connect, and the environment that "
        "points official clients at this server. Ctrl-C stops it.",
        epilog="All but --config, --offline and --stop-at-eof are also settings, in the file or in the environment "
        "(VOXWIRE_SERVER__PORT=9000). An option wins over the environment, and that over the file. "
        "docs/configuration.md has every setting.",
    )
    parser.set_defaults(run=run, writing=background_output)
    add = parser.add_argument
    add("--host", help="name or address to listen on (127.0.0.1); anything but loopback needs a key")
    add("--port", type=int, help="port to listen on (8000); 0 picks a free one")
    add(
        "--api-key",
        action="append",
        metavar="KEY",
        help="key that clients must present; may be repeated. Other users of this machine can see it in the list of "
        "processes: prefer VOXWIRE_AUTH__API_KEYS or the file",
    )
    add(
        "--dev-identity",
        action="store_true",
        help="let DefaultAzureCredential of Azure's libraries sign in here; on loopback only",
    )
    add("--tls-cert", type=Path, metavar="FILE", help="certificate chain in PEM form; serves https and wss")
    add("--tls-key", type=Path, metavar="FILE", help="its private key in PEM form")
    add(
        "--llm",
        metavar="URL",
        help="language model that answers: an OpenAI-compatible address, such as Ollama's "
        "http://127.0.0.1:11434/v1; its key, if it has one, comes from VOXWIRE_LLM_API_KEY",
    )
    add("--model", metavar="NAME", help="which of its models; may be left out when it has only one")
    add(
        "--profile",
        metavar="NAME",
        help="set of engines of the deployments that name none: embedded, laptop, gpu, ollama, remote, relay, or one "
        "of the settings file",
    )
    add("--workers", type=int, metavar="N", help="processes that hold sessions (1); more need Linux or macOS")
    add("--config", type=Path, metavar="voxwire.toml", help="settings file")
    add("--offline", action="store_true", help="fetch no models; those that are here are used")
    add(
        "--stop-at-eof",
        action="store_true",
        help="stop when standard input ends, as a pipe does when the program that holds its other end is gone",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until stopped. Raises ConfigurationError, EngineError."""
    with _stopped_at_once():
        return _run(args)


@contextlib.contextmanager
def _stopped_at_once() -> Iterator[None]:
    """Being told to stop ends the process, well, as long as nothing runs that would have to be ended first; the server
    brings its own way later. Raising an exception would not do: native modules make another one of it while they load.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        os._exit(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is leave:
                signal.signal(number, handler)


def _run(args: argparse.Namespace) -> int:
    from voxwire.config import load_settings

    if args.stop_at_eof:
        threading.Thread(target=_stop_at_eof, daemon=True, name="standard input").start()
    settings = load_settings(args.config, _overrides(args))
    with _Warming(_remarks(settings)) as warming:
        return _serve(settings, warming, offline=args.offline)


def _remarks(settings: "Settings") -> Callable[[str], None]:
    """Where a remark goes: to the person at the terminal, or where all lines are objects, into the log."""
    return logging.getLogger("voxwire.server").info if settings.logging.format == "json" else complain


class _Warming:
    """Says after a moment what takes so long; `done` and `again` when it does not, and when it does again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        self.again()
        return self

    def __exit__(self, *error: object) -> None:
        self.done()

    def again(self) -> None:
        self.done()
        self._timer = threading.Timer(_MOMENT_S, self._say, ["Warming up the engines ..."])
        self._timer.daemon = True
        self._timer.start()

    def done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _serve(settings: "Settings", warming: _Warming, *, offline: bool) -> int:
    from voxwire.server.access import check_exposure
    from voxwire.server.net.listen import NetworkListener

    check_exposure(settings)
    listener = NetworkListener.open(settings.server)  # before the engines: its mistakes are the commonest
    try:
        from voxwire.server.build import DeploymentHost, build_service
        from voxwire.server.logs import configure_logging

        configure_logging(settings.logging)
        host = DeploymentHost(settings)
        service = build_service(settings, host)
        if not _fetched(settings, service, warming, offline=offline):
            return 0

        def announce(facts: "Announced", identity: "DevIdentity | None") -> None:
            warming.done()
            _announce(settings, listener, facts, identity)

        if settings.server.workers == 1:
            _run_alone(settings, service, host, listener, announce)
        else:
            _run_with_workers(settings, listener, announce)
    finally:
        listener.close()
    return 0


_Announce = Callable[["Announced", "DevIdentity | None"], None]


def _run_alone(
    settings: "Settings", service: "Service", host: "DeploymentHost", listener: "NetworkListener", announce: _Announce
) -> None:
    from voxwire.server.announcement import announced
    from voxwire.server.app import create_app
    from voxwire.server.net.run import run_server

    app = create_app(settings, service, host)
    access: Access = app.state.access
    run_server(app, settings, listener, lambda: announce(announced(service, access), access.identity))


def _run_with_workers(settings: "Settings", listener: "NetworkListener", announce: _Announce) -> None:
    from voxwire.auth import DevIdentity, IdentitySecrets
    from voxwire.server.workers.conductor import run_workers

    known = IdentitySecrets()
    identity = DevIdentity(known=known) if settings.auth.dev_identity else None
    run_workers(settings, listener, lambda facts: announce(facts, identity), program=_WORKER, identity=known)


def _announce(
    settings: "Settings", listener: "NetworkListener", facts: "Announced", identity: "DevIdentity | None"
) -> None:
    """Say that clients may come, and how."""
    print(f"Voxwire is listening on {listener.url}")
    print(f"Answers come from {facts.answers_from}")
    if settings.profile != "embedded" and facts.by_rules:
        print("For a language model: --llm ADDRESS, or llm in the settings (docs/profiles.md)")
    if facts.stored_keys:
        print("Clients need a key: voxwire keys list shows which there are (docs/keys.md)")
    print(_quickstart(listener.local_url, settings, facts, identity), flush=True)


def _fetched(settings: "Settings", service: "Service", warming: _Warming, *, offline: bool) -> bool:
    """Fetch the models that are missing; False when that was to be stopped. Raises ConfigurationError."""
    from voxwire.catalogue import Store, pull_options
    from voxwire.cli.first_start import engines_of, fetch, missing_models

    store = Store()
    if missing := missing_models(engines_of(settings, service), store):
        warming.done()
        try:
            fetch(missing, store, pull_options(offline=offline))
        except KeyboardInterrupt:
            complain("Stopped. What has come is kept: the next start goes on with it.")
            return False
        warming.again()
    return True


def _stop_at_eof() -> None:
    """Read standard input to its end, then stop as by Ctrl-C; before the server runs, that ends the process."""
    # Of the descriptor: this thread would hold the lock of sys.stdin, which the interpreter wants when it ends.
    with contextlib.suppress(OSError):  # a terminal that is gone has ended, too
        while os.read(0, 4096):
            pass
    signal.raise_signal(signal.SIGINT)


def _overrides(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line names, in the shape of the settings tree."""
    server = {name: getattr(args, name) for name in ("host", "port", "workers", "tls_cert", "tls_key")}
    overrides: dict[str, Any] = {"server": {name: value for name, value in server.items() if value is not None}}
    auth = {"api_keys": args.api_key, "dev_identity": args.dev_identity}
    overrides["auth"] = {name: value for name, value in auth.items() if value}
    overrides |= {"profile": args.profile} if args.profile else {}
    llm = {"base_url": args.llm, "model": args.model}
    overrides |= {"llm": {name: value for name, value in llm.items() if value}} if any(llm.values()) else {}
    return overrides


def _quickstart(url: str, settings: "Settings", facts: "Announced", identity: "DevIdentity | None") -> str:
    """Lines to paste that point the official quickstarts here. Keys are not shown; the identity's secret is, for it
    was made here, and nobody else can tell it. Where programs sign in with tokens there is no key: a program that finds
    one uses it."""
    issuers = settings.auth.issuers
    keyed = bool(settings.auth.api_keys or settings.auth.admin_keys or facts.stored_keys)
    by_token_alone = bool(issuers) and not keyed
    key = "YOUR_TOKEN" if by_token_alone else "YOUR_KEY" if facts.needs_credential else "any"
    signing_in = {} if by_token_alone else {"AZURE_OPENAI_API_KEY": key}
    if identity is not None:
        signing_in = identity.environment(url)
    azure = {
        "AZURE_OPENAI_ENDPOINT": url,
        "AZURE_OPENAI_DEPLOYMENT_NAME": settings.default_deployment,
        "OPENAI_API_VERSION": "2024-10-01-preview",
        **signing_in,
    }
    openai = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": key}
    accepted = [f"Tokens of {name} sign in that are for {issuer.audiences[0]}" for name, issuer in issuers.items()]
    return "\n".join([*accepted, "", *map(_export, azure.items()), "", *map(_export, openai.items()), ""])


def _export(variable: tuple[str, str]) -> str:
    name, value = variable
    return f"  export {name}={shlex.quote(value)}"
