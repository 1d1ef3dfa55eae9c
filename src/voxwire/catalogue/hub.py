"""The Hugging Face hub: where a file lies there, and whether this machine's cache has it.

`huggingface_hub` knows the user's endpoint (`HF_ENDPOINT`), token and cache. It does not go on with a download that
was broken off by the end of the program, and `download` does.
"""

import shutil
from pathlib import Path

from voxwire.catalogue.download import download
from voxwire.catalogue.entry import HubSource, ModelFile
from voxwire.catalogue.progress import Moved
from voxwire.catalogue.pull_errors import SourceFailed
from voxwire.catalogue.store import matches


class Hub:
    """A repository of the hub; with `offline` only the cache of its own programs is asked."""

    def __init__(self, source: HubSource, *, offline: bool) -> None:
        self._source = source
        self._offline = offline

    def fetch(self, file: ModelFile, part: Path, moved: Moved) -> None:
        """The file into `part`. Raises SourceFailed."""
        try:
            from huggingface_hub import get_token, hf_hub_url, try_to_load_from_cache
        except ImportError:
            raise SourceFailed("a package is missing: pip install 'voxwire[models]'") from None
        name = self._source.files.get(file.name, file.name)
        repository, revision = self._source.repository, self._source.revision
        cached = try_to_load_from_cache(repository, name, revision=revision)
        if isinstance(cached, str) and matches(Path(cached), file):
            shutil.copyfile(cached, part)
            moved(file.size)
        elif self._offline:
            raise SourceFailed("it is not in the cache of the hub, and this is offline")
        else:
            try:
                token = get_token()
            except Exception as error:  # it may have to be fetched itself, and then anything can happen
                raise SourceFailed(f"your token of the hub cannot be had ({type(error).__name__})") from None
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            download(hf_hub_url(repository, name, revision=revision), headers, file, part, moved)
