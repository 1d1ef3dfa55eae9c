"""Keys for browsers and phones: they live for minutes, open sessions of one deployment, and carry the settings.

- `ephemeral_keys`: making them, telling whose they are, ending them
- `ephemeral_form`: how such a key is known; `ephemeral_token`: what it says of itself
- `signing_ring`: the keys that sign them, which change every day
- `spent_tokens`: those that were revoked or may be used once and were
- `large_settings`: settings that are too long for a header
"""

from voxwire.auth.ephemeral.ephemeral_keys import EphemeralKeys, MintedKey

__all__ = ["EphemeralKeys", "MintedKey"]
