"""A folder of the user's own with the files of models, such as a disk that a company shares."""

import os
from pathlib import Path
from typing import Final

from voxwire.catalogue.entry import ModelFile
from voxwire.catalogue.progress import Moved
from voxwire.catalogue.pull_errors import SourceFailed

#: Where the files of models lie, as `NAME/FILE`; another machine's folder of models has this form.
FOLDER_VARIABLE: Final = "VOXWIRE_MODEL_FOLDER"
_CHUNK: Final = 4 * 1024 * 1024


def folder_from_environment() -> Path | None:
    """What `VOXWIRE_MODEL_FOLDER` names."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given).expanduser() if given else None


class Folder:
    """The files of the model `name` below a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name

    def fetch(self, file: ModelFile, part: Path, moved: Moved) -> None:
        """A copy of the file into `part`. Raises SourceFailed."""
        try:
            with (self._folder / file.name).open("rb") as given, part.open("wb") as out:
                while chunk := given.read(_CHUNK):
                    if out.tell() + len(chunk) > file.size:
                        raise SourceFailed(f"{file.name} is larger there than the catalogue says")
                    out.write(chunk)
                    moved(out.tell())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise SourceFailed(f"there is no {self._folder / file.name}") from None
