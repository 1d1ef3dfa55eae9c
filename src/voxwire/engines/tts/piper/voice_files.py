"""A voice of Piper on disk: `NAME.onnx`, and beside it `NAME.onnx.json`."""

from pathlib import Path

from voxwire.errors import ConfigurationError


def voice_files(path: Path) -> tuple[Path, Path]:
    """The model and its description, of the model's path or of the folder that has one.

    Raises ConfigurationError when one of them is missing, or a folder has several models.
    """
    model = path
    if path.is_dir():
        found = sorted(path.glob("*.onnx"))
        if len(found) != 1:
            have = f"has {len(found)} of them: name one" if found else "has none"
            raise ConfigurationError(f"A voice of Piper is a file that ends in .onnx, and {path} {have}.")
        model = found[0]
    if not model.is_file():
        raise ConfigurationError(f"There is no voice of Piper at {model}.")
    description = model.with_name(f"{model.name}.json")
    if not description.is_file():
        raise ConfigurationError(f"The voice {model} needs its description beside it: {description.name}.")
    return model, description
