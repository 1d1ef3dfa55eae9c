"""Changing who may use the server: what the command line and REST have in common. It brings SQLAlchemy along.

- `key_book`: making, rotating and ending stored keys
- `role_book`: giving roles to those who sign in elsewhere
"""

from voxwire.auth.management.key_book import ROTATING, IssuedKey, KeyBook
from voxwire.auth.management.role_book import RoleBook

__all__ = ["ROTATING", "IssuedKey", "KeyBook", "RoleBook"]
