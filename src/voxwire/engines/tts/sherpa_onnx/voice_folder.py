"""A folder with one of the models that sherpa-onnx speaks with: which kind it is, by the files that it has."""

from pathlib import Path
from typing import Final, NamedTuple

from voxwire.engines.tts.onnx.model_file import metadata, nodes
from voxwire.errors import ConfigurationError

_VOCODERS: Final = ("vocos", "hifigan")
_POCKET: Final = ("lm_flow", "lm_main", "encoder", "decoder", "text_conditioner")


class VoiceFolder(NamedTuple):
    """`kind` is one of `vits`, `matcha`, `kokoro`, `kitten`, `pocket`; `files` by the names of sherpa-onnx's settings.
    `sounds`: the model reads sounds of espeak-ng, and no text."""

    kind: str
    files: dict[str, str]
    sounds: bool


def voice_folder(folder: Path) -> VoiceFolder:
    """Raises ConfigurationError for a folder without a model that sherpa-onnx speaks with."""
    if not folder.is_dir():
        raise ConfigurationError(f"A voice of sherpa-onnx is a folder, and {folder} is none.")
    models = sorted(folder.glob("*.onnx"))
    if any(model.name.startswith("lm_main") for model in models):
        return _pocket(folder, models)
    vocoders = [model for model in models if model.name.startswith(_VOCODERS)]
    acoustic = [model for model in models if model not in vocoders]
    if len(acoustic) != 1:
        found = f"has {len(acoustic)} models" if acoustic else "has no model"
        raise ConfigurationError(f"A voice of sherpa-onnx is a folder with one model, and {folder} {found}.")
    content = acoustic[0].read_bytes()
    if not nodes(content):
        raise ConfigurationError(f"{acoustic[0]} is no model.")
    about = metadata(content)
    files = {"tokens": str(_needed(folder, "tokens.txt"))}
    if lexicons := sorted(folder.glob("lexicon*.txt")):
        files["lexicon"] = ",".join(map(str, lexicons))
    sounds = not lexicons and (about.get("has_espeak") == "1" or "espeak" in about.get("comment", ""))
    if vocoders:
        return VoiceFolder("matcha", files | {"acoustic_model": str(acoustic[0]), "vocoder": str(vocoders[0])}, sounds)
    files["model"] = str(acoustic[0])
    if (folder / "voices.bin").is_file():
        kind = "kitten" if "kitten" in about.get("model_type", "") else "kokoro"
        return VoiceFolder(kind, files | {"voices": str(folder / "voices.bin")}, not lexicons)
    return VoiceFolder("vits", files, sounds)


def _pocket(folder: Path, models: list[Path]) -> VoiceFolder:
    files = {name: next((str(model) for model in models if model.name.startswith(name)), "") for name in _POCKET}
    if missing := [name for name, file in files.items() if not file]:
        raise ConfigurationError(f"The Pocket TTS in {folder} lacks {', '.join(missing)}.")
    files["vocab_json"] = str(_needed(folder, "vocab.json"))
    files["token_scores_json"] = str(_needed(folder, "token_scores.json"))
    return VoiceFolder("pocket", files, False)


def _needed(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise ConfigurationError(f"The voice in {folder} lacks {name}.")
    return folder / name
