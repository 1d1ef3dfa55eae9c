"""Voxwire: an open, self-hosted server for the GPT-4o Realtime API. docs/architecture.md has its rooms."""

__version__ = "0.1.0"
