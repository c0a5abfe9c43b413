"""What the operating system refuses is said in the reader's language."""

import errno
import os
import re
import ssl
from pathlib import Path

import pytest

from rollout.i18n import language, use_language
from rollout.i18n.system_errors import _SAID, where_and_why, why


@pytest.fixture(autouse=True)
def japanese():
    before = language()
    use_language("ja")
    yield
    use_language(before)


@pytest.mark.parametrize("number", _SAID, ids=errno.errorcode.get)
def test_what_people_meet_is_said_in_both_languages(number: int) -> None:
    error = OSError(number, os.strerror(number))
    assert re.search("[a-z]", why(error)) is None
    use_language("en")
    assert why(error) == os.strerror(number)


def test_the_place_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory") as found:
        (tmp_path / "nowhere" / "x").write_text("")
    assert where_and_why(found.value) == (
        f"{tmp_path}/nowhere/x: ファイルまたはフォルダーがありません"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "ディスクの空き容量がありません"),
        (OSError(errno.ENOANO, "No anode"), "No anode"),
        (OSError("the archive is closed"), "the archive is closed"),
        (ssl.SSLError(1, "[SSL] PEM lib"), "[SSL] PEM lib"),
    ],
    ids=["without a place", "not known", "without a number", "a number of TLS"],
)
def test_what_is_not_of_the_system_stays_as_it_is(error: OSError, said: str) -> None:
    assert why(error) == said
    assert said in where_and_why(error)
