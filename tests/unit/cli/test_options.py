"""What people type is read as the ledger and the lists are read, whatever the command."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from rollout.cli.commands import app
from rollout.cli.entry import USAGE, run
from rollout.cli.machine_filter import wanted

TAGS = ("tag", "tags", "successor", "spare_tag")
NUMBERS = ("person", "staff_number", "staff_numbers")


def parameters(*names: str) -> Iterator[tuple[str, Any]]:
    """Every parameter of one of these names, with its command."""

    def below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, child in getattr(command, "commands", {}).items():
            yield from below(child, f"{path} {name}".strip())
        yield from ((path, one) for one in command.params if one.name in names)

    return below(get_command(app), "")


def read(parameter: Any, text: str) -> str:
    parser = parameter.type_descriptor.parameter_info.parser
    assert parser is not None, f"{parameter.name} is taken as it was typed"
    return str(parser(text))


def test_a_tag_of_any_width_is_that_of_the_ledger() -> None:
    found = dict(parameters(*TAGS))
    assert len(found) > 15
    for command, parameter in found.items():
        for typed in ("ＤＫ２０－０００４１７", "dk20-417", "DK20‐000417"):
            assert (command, read(parameter, typed)) == (command, "DK20-000417")
        assert read(parameter, "本庁の端末") == "本庁の端末"


def test_a_staff_number_of_any_width_is_that_of_the_lists() -> None:
    found = dict(parameters(*NUMBERS))
    assert len(found) > 8
    for command, parameter in found.items():
        assert (command, read(parameter, "１００２")) == (command, "001002")
        assert read(parameter, "forgotten-417") == "forgotten-417"


def test_either_of_the_two_is_understood_where_both_are() -> None:
    ((_path, name),) = [one for one in parameters("name") if one[0] == "plan constraints"]
    assert [read(name, typed) for typed in ("ｄｋ２０－１", "１００２", "DK20-000001")] == [
        "DK20-000001",
        "001002",
        "DK20-000001",
    ]


@pytest.mark.parametrize("command", sorted(command for command, _ in parameters("reason")))
def test_spaces_are_no_reason(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--reason", "\N{IDEOGRAPHIC SPACE} "]) == USAGE
    said = capsys.readouterr().err
    assert "--reason: write why" in said or "is missing" in said
    reason = dict(parameters("reason"))[command]
    assert read(reason, "　人事異動のため ") == "人事異動のため"


def test_a_filter_finds_what_the_ledger_holds() -> None:
    found = wanted(None, ["　本庁 "], ["ｄｋ20"], None, None, "髙橋　ﾊﾅｺ", False)
    assert (found.sites, found.generations, found.text) == (("本庁",), ("DK20",), "髙橋 ハナコ")


def test_every_import_takes_the_remedies_that_readers_of_files_name() -> None:
    imports = {command for command, _one in parameters("file") if command.startswith("import ")}
    assert len(imports) > 7
    for option in ("encoding", "sheet", "dry_run"):
        assert imports <= {command for command, _one in parameters(option)}


@pytest.mark.parametrize("place", ["", ".", "/"])
def test_a_folder_alone_is_no_file_to_write(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "machines", "--out", place]) == USAGE
    assert "--out: name a file" in capsys.readouterr().err
