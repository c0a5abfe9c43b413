"""What Ansible printed is read by whole lines, and the failing task is found in it."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rollout.application.run_output import find_task, read

PRINTED = """\
PLAY [Copy the user's data] ****
TASK [Refuse the wrong machine] ****
ok: [m1]
ok: [m2]
TASK [rollout_capture : Refuse a full disk] ****
ok: [m1]
fatal: [m2]: FAILED! => {"msg": "D: is full"}
TASK [Report what was done] ****
ok: [m1]
""".splitlines()


def test_only_whole_lines_are_read_and_the_next_part_begins_behind_them(tmp_path: Path):
    file = tmp_path / "stdout"
    file.write_bytes("一行目\n二行".encode())
    first = read(file, 0)
    assert first.lines == ["一行目"]
    with file.open("ab") as more:
        more.write("目\n".encode())
    second = read(file, first.end)
    assert (second.lines, second.skipped) == (["二行目"], 0)
    assert read(file, second.end).lines == []


def test_lines_of_a_terminal_are_read_without_their_carriage_return(tmp_path: Path):
    file = tmp_path / "stdout"
    file.write_bytes(b"TASK [a]\r\nok: [m1]\r\n")
    assert read(file, 0).lines == ["TASK [a]", "ok: [m1]"]


def test_of_a_long_output_the_end_is_read_from_a_whole_line_on(tmp_path: Path):
    file = tmp_path / "stdout"
    file.write_text("".join(f"line {n}\n" for n in range(1000)), encoding="utf-8")
    part = read(file, 0, largest=100)
    assert part.lines[0].startswith("line ")
    assert part.lines[-1] == "line 999"
    assert part.skipped + sum(len(line) + 1 for line in part.lines) == file.stat().st_size


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))))
def test_any_lines_come_back_as_they_were_written_but_for_a_return_at_the_end(
    tmp_path_factory, lines
):
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    assert list(read(file, 0).lines) == [line.removesuffix("\r") for line in lines]


def test_the_failing_line_of_the_host_is_found():
    assert PRINTED[find_task(PRINTED, "Refuse a full disk", "m2")].startswith("fatal: [m2]")


def test_without_a_failing_line_the_task_itself_is_shown():
    assert PRINTED[find_task(PRINTED, "Report what was done", "m9")].startswith("TASK [Report")


def test_an_unknown_task_leads_to_the_end():
    assert find_task(PRINTED, "Nothing of the kind", "m1") == len(PRINTED) - 1
    assert find_task([], "Nothing", "m1") == 0
