"""Those who are attached to one session: who hears it, who speaks to it, and what they are told."""

from collections.abc import Iterator
from typing import Final

from voxwire.errors import VoxwireError
from voxwire.events.closing import CloseReason
from voxwire.events.server import ErrorOccurred, ServerEvent
from voxwire.runtime.attachment import Attachment, AttachmentRole
from voxwire.runtime.ids import EventIds


class SessionEnded(VoxwireError):
    """The session takes nobody in any more."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"The session {session_id} has ended.")


class TooManyAttachments(VoxwireError):
    """The session has as many attachments as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"All {limit} places of this session are taken.")
        self.limit = limit


class Audience:
    """In the order in which they came. Speakers are those for whom answers wait, and with the last of whom the session
    ends."""

    def __init__(self) -> None:
        self._attachments: Final[list[Attachment]] = []
        self._speakers: Final[list[Attachment]] = []
        self._event_ids = EventIds()

    def __iter__(self) -> Iterator[Attachment]:
        return iter(self._attachments)

    def check_room(self, limit: int) -> None:
        """Raises TooManyAttachments where no place is left."""
        if len(self._attachments) >= limit:
            raise TooManyAttachments(limit)

    def add(self, attachment: Attachment) -> None:
        self._attachments.append(attachment)
        if attachment.role is AttachmentRole.SPEAKER:
            self._speakers.append(attachment)

    def remove(self, attachment: Attachment) -> None:
        """It has ended; nobody is left whom it could be told."""
        self._attachments.remove(attachment)

    def quits(self, attachment: Attachment) -> bool:
        """Nobody waits for it any more; whether it was the last speaker."""
        if attachment not in self._speakers:
            return False
        self._speakers.remove(attachment)
        return not self._speakers

    @property
    def writable(self) -> bool:
        """Whether every speaker can take more; for those who look on nobody waits."""
        for speaker in self._speakers:  # mostly one, asked for each word and each delta: `all` takes three calls more
            if not speaker.writable:
                return False
        return True

    def tell(self, event: ServerEvent) -> None:
        """Errors go to the client that caused them, everything else to all, under one event id."""
        event_id = self._event_ids()
        origin = event.origin if type(event) is ErrorOccurred else None
        for attachment in self._attachments:
            if origin is None or attachment.number == origin:
                attachment.send(event, event_id)

    def greet(self, attachment: Attachment, event: ServerEvent) -> None:
        """Tell this one alone."""
        attachment.send(event, self._event_ids())
        attachment.flush()

    def flush(self) -> None:
        """Send what they were told."""
        for attachment in self._attachments:
            attachment.flush()

    def discard_audio(self, response_id: str) -> None:
        """Nobody hears the rest of this answer."""
        for attachment in self._attachments:
            attachment.discard_audio(response_id)

    def finish(self, reason: CloseReason, message: str | None) -> None:
        """Send what is queued, then end every attachment."""
        for attachment in self._attachments:
            attachment.finish(reason, message)
