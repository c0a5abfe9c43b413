"""Long lists of values, cut for statements."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(values: Iterable[T], size: int = 20_000) -> Iterator[list[T]]:
    """`values` in lists of at most `size`: SQLite takes 32,766 parameters in one statement."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch
