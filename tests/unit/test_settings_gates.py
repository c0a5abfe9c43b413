"""Prerequisites and notices that could do nothing are refused when they are configured."""

from pathlib import Path

import pytest

from rollout.settings import SettingsError, load

BASE = "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n"


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def write(text: str) -> None:
        file = tmp_path / "rollout.toml"
        file.write_text(BASE + text, encoding="utf-8")
        monkeypatch.setenv("ROLLOUT_CONFIG", str(file))

    return write


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[gates]\ntraining_share = 0.9\n", r"name the courses under \[training\]"),
        ("[gates]\nlicences_free = 5\n", "name the SKUs in licences"),
        ("[gates]\ntraining_share = 0\n", "gates.training_share"),
        ("[gates]\nnotices_share = 1.1\n", "gates.notices_share"),
        ("[gates]\nlicences_hours = 0\n", "gates.licences_hours"),
        ('[notices]\nkinds = ["byod_invitation"]\n', "byod_invitation goes when it is ordered"),
    ],
)
def test_a_prerequisite_that_makes_no_sense_is_refused(configure, text: str, named: str) -> None:
    configure(text)
    with pytest.raises(SettingsError, match=named) as refused:
        load()
    assert "'programme': {" not in str(refused.value), "the whole table would drown the fault"


def test_prerequisites_are_off_by_default_and_on_with_what_they_need(configure) -> None:
    configure("")
    assert not load().gates.limits.ask_ahead
    configure('[gates]\ntraining_share = 0.9\n[training]\ncourses = ["A"]\n')
    limits = load().gates.limits
    assert (limits.ask_ahead, limits.training_share, limits.licences_free) == (True, 0.9, None)
