"""Voxwire: the open, self-hosted home of the GPT-4o Realtime API for speech and audio."""

__version__ = "0.1.0"
