"""The prompts of the database, held in memory: no session waits for the database."""

import asyncio
from collections import defaultdict
from importlib import import_module
from types import MappingProxyType

from voxwire.runtime import Prompt
from voxwire.storage.database import Database
from voxwire.storage.watch import StoreWatch


class StoredPrompts:
    """Implements `PromptBook`. What was found last holds until the watch has it read what is new."""

    def __init__(self, database: Database, watch: StoreWatch) -> None:
        watch.subscribe(self._reload)
        self._database = database
        self._texts: dict[tuple[str, int], str] = {}
        self._prompts: dict[tuple[str, str], Prompt] = {}

    def find(self, project: str, id: str) -> Prompt | None:
        return self._prompts.get((project, id))

    async def _reload(self) -> None:
        """Read what is new; versions never change. Raises StorageError."""
        await asyncio.to_thread(import_module, "voxwire.storage.prompts")
        from voxwire.storage.prompts import Prompts

        prompts, there, found = await Prompts(self._database).texts(self._texts)
        self._texts = {key: text for key, text in self._texts.items() if key in there}
        self._texts |= {(version.prompt, version.version): version.text for version in found}
        texts: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for (prompt, version), text in self._texts.items():
            texts[prompt][str(version)] = text
        # A new mapping in one step: threads look into it.
        self._prompts = {
            (prompt.project, prompt.name): Prompt(str(prompt.current), MappingProxyType(texts[prompt.id]))
            for prompt in prompts
        }
