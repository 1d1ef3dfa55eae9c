"""Keys for browsers and phones: they live for minutes, open sessions of one deployment, and carry the settings.

- `ephemeral_keys`: making them, telling whose they are, ending them
- `ephemeral_form`: how such a key is known; `ephemeral_token`: what it says of itself
- `signing_ring`: the keys that sign them, which change every day
- `spent_tokens`: those that were revoked or may be used once and were; `spent_book`: which these are, in memory
- `large_settings`: settings that are too long for a header
- `ephemeral_memory`: what several processes of a server keep together
"""

from voxwire.auth.ephemeral.ephemeral_keys import EphemeralKeys, MintedKey
from voxwire.auth.ephemeral.ephemeral_memory import EphemeralMemory
from voxwire.auth.ephemeral.large_settings import LargeSettings
from voxwire.auth.ephemeral.spent_book import SpentBook, too_many_spent

__all__ = ["EphemeralKeys", "EphemeralMemory", "LargeSettings", "MintedKey", "SpentBook", "too_many_spent"]
