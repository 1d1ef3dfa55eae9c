"""Which names and modules of a package others may use: its face.

A package says it by `__all__`, where a module may stand as well as a name. What is added to a face is added to the list
here. Others look for what they need at the face and nowhere behind it. `voxwire.testing` and the tests may look into
everything.
"""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

import voxwire

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"

FACES = {
    "audio": "clip convert pcm resample tape tapes windows",
    "events": "client closing items response server session_config",
    "catalogue": "SOURCES Catalogue CatalogueEntry HubSource IndexSource NoRoom PullError PullOptions PullReport Store "
    "TermsNotAccepted UrlSource accept is_accepted is_path load_catalogue locate megabytes pull pull_options",
    "interfaces": "codec commands engine expectations inputs llm needs_models stt token_estimate transport tts turn "
    "vad",
    "engines": "declared_options llm registry remote stt tts turn vad worker",
    "dialects": "Dialect Variant WireCodec detect model_names",
    "session": "Capabilities Limits Session",
    "runtime": "DEFAULT_VOICE LOCAL TRY_AGAIN TRY_AGAIN_LATER UNBOUNDED AccessRole Allowance AnswerFiltered Arrival "
    "Attachment AttachmentRole Budget ContentMonitor Deadlines Deployment DeploymentGone DeploymentTerms "
    "Directory EngineLease EngineLeases EphemeralGrant EventAttachment Flag Hosted LiveSession LocalDirectory "
    "Newcomer Notify Observer Observers OwnSeats Permission Principal Prompt Quota QuotaExceeded Quotas RuntimeLimits "
    "Seats Service SessionArguments SessionFacts SessionGuard SessionObserver SessionRecorder StageWork "
    "StoringPolicy TraceParent TurnFacts UsageLog UsageRecord capabilities_of checked_prompt failover "
    "new_id places worker_ids worker_of",
}


@pytest.mark.parametrize("package", FACES)
def test_a_face_is_what_is_listed(package: str) -> None:
    face = importlib.import_module(f"voxwire.{package}")
    assert sorted(face.__all__) == sorted(FACES[package].split())
    for name in face.__all__:
        assert hasattr(face, name) or importlib.import_module(f"voxwire.{package}.{name}")


@pytest.mark.parametrize("package", [module.name for module in pkgutil.iter_modules(voxwire.__path__) if module.ispkg])
def test_a_package_with_a_face_exports_what_it_defines(package: str) -> None:
    """A name that is there by accident, from another package, is not exported."""
    face = importlib.import_module(f"voxwire.{package}")
    for name in getattr(face, "__all__", ()):
        exported = getattr(face, name, None)
        if isinstance(exported, type | FunctionType):
            assert exported.__module__.startswith(f"voxwire.{package}."), name


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """The module and the name of each import of ours."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "voxwire":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("voxwire."):
                    yield alias.name.rpartition(".")[0], alias.name.rpartition(".")[2]


def behind(importer: str, module: str, name: str) -> str | None:
    """The face that an import passes by, if there is one."""
    steps = [*module.split("."), name]
    for depth in range(1, len(steps)):
        package = ".".join(steps[:depth])
        face = importlib.import_module(package)
        inside = importer == package or importer.startswith(f"{package}.")
        if not hasattr(face, "__path__") or not hasattr(face, "__all__"):
            continue
        if not inside and steps[depth] not in face.__all__:
            return package
    return None


def test_nobody_imports_behind_a_face() -> None:
    files = [file for file in SOURCE.rglob("*.py") if "testing" not in file.relative_to(SOURCE).parts]
    files += [file for folder in ("bench", "examples", "fuzz") for file in (ROOT / folder).rglob("*.py")]
    found = []
    for file in files:
        inside = file.is_relative_to(SOURCE)
        importer = ".".join(file.relative_to(SOURCE).with_suffix("").parts) if inside else file.stem
        for module, name in imports(file):
            if (package := behind(importer.removesuffix(".__init__"), module, name)) and "testing" not in module:
                found.append(f"{file.relative_to(ROOT)}: {module}.{name} is behind {package}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("importer", "module", "name", "passed"),
    [
        ("voxwire.server.app", "voxwire.session.responder", "Responder", "voxwire.session"),
        ("voxwire.server.app", "voxwire.session", "Responder", "voxwire.session"),
        ("voxwire.server.app", "voxwire.session", "Session", None),
        ("voxwire.server.app", "voxwire.interfaces.commands", "Output", None),
        ("voxwire.session.session", "voxwire.session.responder", "Responder", None),
    ],
)
def test_behind(importer: str, module: str, name: str, passed: str | None) -> None:
    assert behind(importer, module, name) == passed
