"""Records of usage, as the runtime makes them, for the database."""

from voxwire.runtime import UsageRecord
from voxwire.storage.usage_row import UsageRow
from voxwire.storage.usage_writer import UsageWriter


class StoredUsage:
    """A `UsageLog` that the writer of the database stands behind."""

    def __init__(self, writer: UsageWriter) -> None:
        self._writer = writer

    def record(self, record: UsageRecord) -> None:
        """Take a record; it is written a moment later."""
        used = record.usage
        row = UsageRow(
            at=record.at_ms,
            project=record.principal.project,
            principal=record.principal.id,
            deployment=record.deployment,
            session=record.session,
            response=record.response,
            wasted=record.wasted,
            input_text=used.input_text,
            input_audio=used.input_audio,
            cached_text=used.cached_text,
            cached_audio=used.cached_audio,
            output_text=used.output_text,
            output_audio=used.output_audio,
            audio_in_ms=record.audio_in_ms,
            audio_out_ms=record.audio_out_ms,
        )
        self._writer.put(row)
