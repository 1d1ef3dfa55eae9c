"""Signing, and reading back what was signed and nothing else."""

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.auth.tokens import TokenSigner, has_token_form

KEY = b"k" * 32
CLAIMS = {"aud": "https://cognitiveservices.azure.com", "exp": 2_000_000_000, "name": "Zoë"}


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner(KEY)


def test_signed_claims_are_read_back(signer: TokenSigner) -> None:
    assert signer.read(signer.sign(CLAIMS)) == CLAIMS


def test_another_library_reads_them(signer: TokenSigner) -> None:
    assert jwt.decode(signer.sign(CLAIMS), KEY, ["HS256"], audience=CLAIMS["aud"]) == CLAIMS


def test_a_token_signed_with_another_key_is_not_ours(signer: TokenSigner) -> None:
    assert signer.read(jwt.encode(CLAIMS, b"o" * 32, "HS256")) is None
    assert signer.read(TokenSigner(b"o" * 32).sign(CLAIMS)) is None


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_every_single_change_is_noticed(signer: TokenSigner) -> None:
    token = signer.sign({"aud": "a"})
    for position, character in enumerate(token):
        changed = token[:position] + ("A" if character != "A" else "B") + token[position + 1 :]
        assert signer.read(changed) is None, position


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256"])
def test_a_token_cannot_choose_its_algorithm(signer: TokenSigner, algorithm: str) -> None:
    _, claims, signature = signer.sign(CLAIMS).split(".")
    header = encoded({"alg": algorithm, "typ": "JWT"})
    assert signer.read(f"{header}.{claims}.{signature}") is None
    assert signer.read(f"{header}.{claims}.") is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "ü.ü.ü", "\udc80.\udc80.\udc80", "." * 10_000]
)
def test_other_texts_are_no_tokens(signer: TokenSigner, text: str) -> None:
    assert signer.read(text) is None


@given(st.text(alphabet=st.characters(), max_size=200))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert TokenSigner(KEY).read(text) is None


def test_truncated_and_prolonged_tokens(signer: TokenSigner) -> None:
    token = signer.sign(CLAIMS)
    for text in (token[:-1], f"{token}=", f"{token} ", f".{token}", token.rpartition(".")[0]):
        assert signer.read(text) is None


@pytest.mark.parametrize(
    ("text", "form"), [("a.b.c", True), ("..", True), ("sk-1234", False), ("a.b", False), ("", False)]
)
def test_form(text: str, form: bool) -> None:
    assert has_token_form(text) is form
