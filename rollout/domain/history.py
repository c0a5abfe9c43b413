"""The hash chain of the history: each row carries the digest of the row before it.

The digest is SHA-256 over the canonical JSON of the row's facts and the previous digest, so
that a changed, removed or inserted row breaks every digest after it. A salt of 128 random bits goes
in as well: once text and salt are removed from a row (see store.redaction), its digest stays as a
link of the chain from which nobody can guess the text, however short it was.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

GENESIS = "0" * 64


class Fact(NamedTuple):
    """One row of the history, without its place in the chain.

    `at` is UTC in fixed ISO form; `detail` is canonical JSON text or None. The order of the fields
    goes into the digest and may never change. (A tuple, because bulk moves make 100,000 of them.)
    """

    at: str
    actor: str
    noun: str
    noun_id: int
    key: str
    verb: str
    from_state: str | None
    to_state: str | None
    reason: str | None = None
    run_id: int | None = None
    version: int | None = None
    detail: str | None = None


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same value gives the same text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def digest(previous: str, fact: Fact, salt: str | None = None) -> str:
    """The hex digest of `fact` behind a row whose digest is `previous`."""
    text = _encode((previous, *fact) if salt is None else (previous, *fact, salt))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def chain(previous: str, facts: Sequence[Fact]) -> Iterator[tuple[Fact, str, str]]:
    """`facts` with their digests and fresh salts, the first behind `previous`."""
    # One system call for all: a bulk move makes 100,000 of them.
    random = os.urandom(16 * len(facts)).hex()
    for place, fact in enumerate(facts):
        salt = random[32 * place : 32 * place + 32]
        previous = digest(previous, fact, salt)
        yield fact, previous, salt


def content_digest(key: str, reason: str | None, detail: str | None) -> str:
    """The hex digest of what a redaction may replace in a row."""
    return hashlib.sha256(
        _encode((key, reason, detail)).encode("utf-8", "surrogatepass")
    ).hexdigest()
