"""The tables. Times are integer milliseconds since 1970 (UTC), JSON is text, what is secret is a hash or encrypted.

A change here goes into the migrations as well; a test compares both. Tables stand in the order of the alphabet.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: Names of constraints are the same everywhere, so that a migration can find them.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite counts rows up by itself in an INTEGER only.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")


def _project(*, primary_key: bool = False) -> Column[str]:
    """Whose row it is: it goes when the project goes."""
    return Column(
        "project",
        String(64),
        ForeignKey("project.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


api_key_table = Table(
    "api_key",
    METADATA,
    Column("id", String(64), primary_key=True),
    _project(),
    Column("name", String(64), nullable=False),
    Column("kind", String(16), nullable=False),  # primary, secondary, named
    Column("sha256", LargeBinary(32), nullable=False),
    Column("hint", String(16), nullable=False),  # its last characters, for people
    Column("roles", Text, nullable=False),  # JSON list
    Column("deployments", Text),  # JSON list; NULL is all
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    UniqueConstraint("sha256"),
    Index(None, "project", "name"),
)

data_key_table = Table(
    "data_key",
    METADATA,
    _project(primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", String(16), nullable=False),  # which master key it is wrapped with
    Column("created_at", BigInteger, nullable=False),
)

decision_table = Table(
    "decision",
    METADATA,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("project", String(64), nullable=False),  # it stays when the project goes
    Column("principal", String(128), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(256), nullable=False),
    Column("details", Text, nullable=False),  # JSON, without secrets
    Index(None, "project", "at"),
)

deployment_table = Table(
    "deployment",
    METADATA,
    _project(primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("edition", Integer, nullable=False),  # counts its changes
    Column("spec", Text, nullable=False),  # JSON, without secrets
    Column("wrapped", LargeBinary),  # its secrets, encrypted
    Column("master", String(16)),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("created_by", String(128), nullable=False),
    UniqueConstraint("id"),
)

model_alias_table = Table(
    "model_alias",
    METADATA,
    _project(primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("deployment", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(128), nullable=False),
)

project_table = Table(
    "project",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

prompt_table = Table(
    "prompt",
    METADATA,
    _project(primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("current", Integer, nullable=False),  # the version that is meant where none is named
    Column("latest", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("id"),
)

prompt_version_table = Table(
    "prompt_version",
    METADATA,
    Column("prompt", String(64), ForeignKey("prompt.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("size", Integer, nullable=False),  # of the text, in bytes
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(128), nullable=False),
)

quota_table = Table(
    "quota",
    METADATA,
    _project(primary_key=True),
    Column("kind", String(16), primary_key=True),  # deployment, key, principal
    Column("subject", String(128), primary_key=True),
    Column("spec", Text, nullable=False),  # JSON
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_by", String(128), nullable=False),
)

review_table = Table(
    "review",
    METADATA,
    Column("id", String(64), primary_key=True),
    _project(),
    Column("deployment", String(64), nullable=False),
    Column("session", String(64), nullable=False),
    Column("response", String(64), nullable=False),
    Column("end_user", String(256)),
    Column("check", String(64), nullable=False),
    Column("side", String(16), nullable=False),  # person, answer
    Column("action", String(16), nullable=False),  # end, flag
    Column("found", String(1024), nullable=False),  # in the check's words, which repeat nothing of what was said
    Column("excerpt", LargeBinary),  # encrypted: it repeats what was said
    Column("state", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("decided_by", String(128)),
    Index(None, "project", "state", "created_at"),
)

revision_table = Table(
    "revision",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # there is one row
    Column("number", BigInteger, nullable=False),
)

revocation_table = Table(
    "revocation",
    METADATA,
    Column("id", String(128), primary_key=True),  # project/`jti` of a token, once revoked or used up
    _project(),
    Column("revoked_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

role_assignment_table = Table(
    "role_assignment",
    METADATA,
    Column("id", String(64), primary_key=True),
    _project(),
    Column("kind", String(16), nullable=False),  # user, group, application
    Column("subject", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(128), nullable=False),
    UniqueConstraint("project", "kind", "subject", "role"),
)

session_table = Table(
    "session",
    METADATA,
    Column("id", String(64), primary_key=True),
    _project(),
    Column("deployment", String(64), nullable=False),
    Column("principal", String(128), nullable=False),
    Column("end_user", String(256)),
    Column("policy", String(16), nullable=False),  # text, text+audio
    Column("state", String(16), nullable=False),  # running, ended, incomplete, interrupted
    Column("flagged", Boolean(create_constraint=False), nullable=False),  # somebody should look at it
    Column("size", BigInteger, nullable=False),  # bytes of its chunks
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column(
        "alive_until", BigInteger, nullable=False
    ),  # a running one that was not heard of by then has lost its server
    Column("expires_at", BigInteger, nullable=False),
    Column("header", LargeBinary, nullable=False),  # encrypted
    Index(None, "project", "started_at"),
    Index(None, "project", "end_user"),
    Index(None, "expires_at"),
)

session_chunk_table = Table(
    "session_chunk",
    METADATA,
    Column("session", String(64), ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("lines", LargeBinary, nullable=False),  # encrypted: what the session was told
    Column("events", LargeBinary, nullable=False),  # encrypted: what clients were told
)

signing_key_table = Table(
    "signing_key",
    METADATA,
    Column("id", String(64), primary_key=True),  # `kid`
    Column("algorithm", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", String(16), nullable=False),  # which master key it is wrapped with
    Column("created_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
)

usage_table = Table(
    "usage",
    METADATA,
    # Who wrote it, and which of its records it is: what is written again is known again.
    Column("writer", String(32), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("project", String(64), nullable=False),  # it stays when the project goes
    Column("principal", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("session", String(64), nullable=False),
    Column("response", String(64)),
    Column("wasted", Boolean(create_constraint=False), nullable=False),
    Column("input_text", Integer, nullable=False),
    Column("input_audio", Integer, nullable=False),
    Column("cached_text", Integer, nullable=False),
    Column("cached_audio", Integer, nullable=False),
    Column("output_text", Integer, nullable=False),
    Column("output_audio", Integer, nullable=False),
    Column("audio_in_ms", BigInteger, nullable=False),
    Column("audio_out_ms", BigInteger, nullable=False),
    Index(None, "project", "at"),
)
