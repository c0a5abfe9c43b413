"""Every state, verb and step is shown in the reader's language."""

from enum import StrEnum

import pytest

from rollout import i18n
from rollout.application.exports.status import Standing
from rollout.application.exports.status.exceptions import ExceptionKind
from rollout.application.exports.status.people import DeviceFigure, PeopleFigure
from rollout.application.exports.status.summary import Unknowable
from rollout.domain.gates import Gate, Verdict
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.notice import NoticeKind, NoticeState, NoticeVerb
from rollout.domain.noun import Noun
from rollout.domain.personal_device import Platform
from rollout.domain.programme_board import (
    Better,
    IndicatorStanding,
    MilestoneState,
    MilestoneVerb,
)
from rollout.domain.purpose import Purpose
from rollout.domain.readiness import Part
from rollout.domain.recorded import RecordedNoun, RecordedVerb
from rollout.domain.retirement import ErasureVerb
from rollout.domain.run import ClaimOutcome, RunPurpose, RunState, RunVerb
from rollout.domain.spare import SpareVerb
from rollout.domain.stop import StopScope, StopState
from rollout.domain.wave import WaveState, WaveVerb
from rollout.i18n.labels import headed, label
from rollout.i18n.told import told
from rollout.planning.problem import Obstacle
from rollout.settings import OperatorRole

WORDS: tuple[type[StrEnum], ...] = (
    Better,
    ClaimOutcome,
    DeviceFigure,
    ErasureVerb,
    ExceptionKind,
    Gate,
    IndicatorStanding,
    MachineState,
    MachineVerb,
    MilestoneState,
    MilestoneVerb,
    NoticeKind,
    NoticeState,
    NoticeVerb,
    Noun,
    Obstacle,
    OperatorRole,
    PeopleFigure,
    Purpose,
    RecordedNoun,
    RecordedVerb,
    RunPurpose,
    RunState,
    RunVerb,
    SpareVerb,
    Standing,
    Step,
    StopScope,
    StopState,
    Unknowable,
    Verdict,
    WaveState,
    WaveVerb,
)


@pytest.fixture
def language(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment alone decides, whatever a test before fixed."""
    monkeypatch.setattr(i18n, "_chosen", [])
    for name in ("ROLLOUT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_every_word_has_a_japanese_label_of_its_own(
    words: type[StrEnum], language: pytest.MonkeyPatch
) -> None:
    language.setenv("ROLLOUT_LANG", "ja")

    labels = {label(word) for word in words}

    assert len(labels) == len(words)
    assert [text for text in labels if text.isascii()] == []


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_the_english_label_is_the_word(words: type[StrEnum], language: pytest.MonkeyPatch) -> None:
    language.setenv("ROLLOUT_LANG", "en")

    said = [label(word).lower().replace("-", " ") for word in words]
    assert said == [word.value.replace("_", " ") for word in words]


def test_short_names_are_written_as_people_write_them(language: pytest.MonkeyPatch) -> None:
    language.setenv("ROLLOUT_LANG", "en")

    assert label(PeopleFigure.MFA_REGISTERED) == "MFA registered"
    assert label(Part.PC) == "PC"
    assert label(Platform.IOS) == "iOS"
    assert told("{what}", what=Noun.DISK_PIN) == "disk PIN"
    assert headed(label(Standing.NOT_STARTED)) == "Not started"


def test_the_same_word_may_be_another_for_another_noun(language: pytest.MonkeyPatch) -> None:
    language.setenv("ROLLOUT_LANG", "ja")

    assert label(WaveVerb.CANCEL) != label(RunVerb.CANCEL)
    assert label(WaveState.RUNNING) != label(RunState.RUNNING)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "ROLLOUT_LANG": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "ROLLOUT_LANG": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_rollout_lang_decides_before_the_locale(
    environment: dict[str, str], expected: str, language: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        language.setenv(name, value)

    assert i18n.language() == expected


def test_a_text_is_translated_when_it_is_shown(language: pytest.MonkeyPatch) -> None:
    language.setenv("ROLLOUT_LANG", "ja")
    assert i18n._("asset tag") == "管理番号"

    i18n.use_language("en")
    assert i18n._("asset tag") == "asset tag"


def test_a_language_that_there_is_not_is_refused(language: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="use one of ja, en"):
        i18n.use_language("fr")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 machines are held"),
        (1, "1 machine is held"),
        ("1", "1 machine is held"),
        (2, "2 machines are held"),
        ("1,001", "1,001 machines are held"),
    ],
)
def test_english_words_follow_their_count(
    count: int | str, said: str, language: pytest.MonkeyPatch
) -> None:
    language.setenv("ROLLOUT_LANG", "en")
    text = i18n._("{count} {count:machine is|machines are} held")
    assert text.format(count=count) == said

    language.setenv("ROLLOUT_LANG", "ja")
    text = i18n._("{count} {count:machine is|machines are} held")
    assert text.format(count=count) == f"{count} 台を保留にしました"
