"""`docs/errors.md` says what the source says."""

import re

from error_table import DOCUMENT, LEFT_OUT, SOURCES, put_right, tables


def test_the_page_is_what_the_source_says() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    assert page == put_right(page), "run `make errors-table` and read what changed"


def test_no_code_is_missing() -> None:
    """Looked for in another way than the tables are made."""
    written = set()
    for path in SOURCES.rglob("*.py"):
        if path.relative_to(SOURCES).parts[0] not in LEFT_OUT:
            source = path.read_text(encoding="utf-8")
            written |= set(re.findall(r'\bcode="(\w+)"', source))
            written |= set(re.findall(r'EngineError\(\s*(?:"\w+"|[\w.]+),\s*"(\w+)"', source))
            written |= set(re.findall(r'\bfailed\(\s*"(\w+)"', source))
    assert len(written) > 40
    page = DOCUMENT.read_text(encoding="utf-8")
    missing = [code for code in sorted(written) if f"`{code}`" not in page]
    assert not missing


def test_helpers_are_read_where_they_are_called() -> None:
    events = tables()["events"]
    assert "| `item_delete_invalid_item_id` | `invalid_request_error` | `item_id` | Error deleting item" in events
    assert "`{param}` | Invalid value for '{param}': expected base64" in events
    assert "{message}" not in events.replace("{message} The field was left out", "")


def test_the_codes_of_the_field() -> None:
    """Seen from the hosted service, with sentences that are ours as well."""
    page = DOCUMENT.read_text(encoding="utf-8")
    for code, sentence in {
        "invalid_parameter": "Passing a {value} session update event to a {value} session is not allowed.",
        "unsupported_content_type": "Only model output audio messages can be truncated",
        "cannot_update_voice": "Cannot update a conversation's voice if assistant audio is present.",
        "response_cancel_not_active": "Cancellation failed: no active response found",
        "input_audio_buffer_commit_empty": "Error committing input audio buffer: buffer too small.",
        "conversation_already_has_active_response": "Conversation already has an active response in progress:",
    }.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{code}` |")]
        assert sentence in row
