"""What a key of ours looks like."""

import re

import pytest

from voxwire.auth.key_form import contains_key, has_key_form, key_digest, key_hint, new_key


def test_a_key_has_a_form_that_scanners_find() -> None:
    key = new_key()
    assert re.fullmatch(r"vw_[0-9A-Za-z]{49}", key)
    assert has_key_form(key)
    assert len({new_key() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key[:10] + ("a" if key[10] != "a" else "b") + key[11:],
        lambda key: key.removeprefix("vw_"),
        lambda key: key + "0",
        lambda key: key[:-1],
        lambda key: f" {key}",
        lambda key: key.replace("vw_", "VW_"),
        lambda key: f"{key}\n",
    ],
)
def test_what_is_none(change: object) -> None:
    assert callable(change)
    assert not has_key_form(change(new_key()))


def test_a_key_is_found_in_a_text() -> None:
    key = new_key()
    assert contains_key(f"id-{key}.")
    assert not contains_key("vw_" + "a" * 49)
    assert not contains_key("")


def test_what_is_stored_and_shown_of_it() -> None:
    key = new_key()
    assert len(key_digest(key)) == 32
    assert key.endswith(key_hint(key))
    assert len(key_hint(key)) == 4
