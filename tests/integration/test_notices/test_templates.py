"""The mails that are shipped, and those of an organisation."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notice_bureau import settings_of

from rollout.adapters.notices.writer import SHIPPED, TemplateWriter
from rollout.application.notices.particulars import Particulars, Untrained
from rollout.application.notices.sending import TemplateBroken
from rollout.domain.notice import NoticeKind
from rollout.settings import Settings
from rollout.store.notices import Letter

AT = datetime(2022, 11, 18, 1, tzinfo=UTC)


def letter(kind: NoticeKind, name: str = "山田") -> Letter:
    return Letter(
        1, kind.value, date(2022, 12, 1), "planned", 1, 1, "", None, None, None, None, 0, None, 1,
        "DK20-000001", "DK20", None, 1, "000001", name, None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("settings"), 'contact = "内線 2345"\n')


def own(settings: Settings, folder: Path, language: str = "ja") -> Settings:
    changed = settings.notices.model_copy(update={"templates": folder, "language": language})
    return settings.model_copy(update={"notices": changed})


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_kind_is_shipped_in_both_languages(settings: Settings, language: str) -> None:
    TemplateWriter(own(settings, SHIPPED, language)).check()


def test_a_promoter_is_told_who_is_missing_and_what(settings: Settings) -> None:
    more = Particulars((Untrained("総務部 財政課", "000002", "髙橋", ("情報", "個人情報")),))
    mail = TemplateWriter(settings).mail(
        letter(NoticeKind.MISSING_TRAINING), more, "a@b.example", "k", AT
    )
    assert "1 人" in mail.subject
    assert "  総務部 財政課 髙橋(000002): 情報、個人情報\n" in mail.text
    assert "内線 2345" in mail.text


def test_a_broken_template_is_named_with_its_line(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "days_before.ja.txt").write_text("件名\n\n本文\n{{ nobody }}\n", encoding="utf-8")
    with pytest.raises(TemplateBroken, match=r"days_before\.ja\.txt.*4.*nobody"):
        TemplateWriter(own(settings, tmp_path)).check()


def test_a_template_gets_nowhere_but_to_its_values(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "done.ja.txt").write_text(
        "件名\n\n{{ name.__class__.__mro__ }}\n", encoding="utf-8"
    )
    with pytest.raises(TemplateBroken, match=r"done\.ja\.txt.*unsafe"):
        TemplateWriter(own(settings, tmp_path)).check()


def test_a_template_whose_name_is_misspelt_is_not_passed_over(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "day_befor.ja.txt").write_text("件名\n\n本文\n", encoding="utf-8")
    with pytest.raises(TemplateBroken, match=r"day_befor\.ja\.txt"):
        TemplateWriter(own(settings, tmp_path)).check()


@given(st.text(min_size=1))
def test_a_name_never_becomes_template_or_another_line(settings: Settings, name: str) -> None:
    hostile = f"{{{{ 7 * 7 }}}}{name}"
    mail = TemplateWriter(settings).mail(
        letter(NoticeKind.DONE, hostile), Particulars(), "a@b.example", "k", AT
    )
    first = mail.text.splitlines()[0]
    assert first.startswith("{{ 7 * 7 }}")
    assert first.endswith("様")
