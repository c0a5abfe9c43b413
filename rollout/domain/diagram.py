"""Diagrams and word lists of the lifecycles, written from their tables.

`python -m rollout.domain.diagram FILE...` rewrites the parts of a Markdown file that stand
between `<!-- generated: NOUN -->` and `<!-- end: NOUN -->`.
"""

import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from rollout.domain.lifecycle import Back, Described, Lifecycle
from rollout.domain.machine import MACHINE
from rollout.domain.notice import NOTICE
from rollout.domain.programme_board import MILESTONE
from rollout.domain.run import RUN
from rollout.domain.takeout import DISK_PIN, TAKEOUT
from rollout.domain.wave import WAVE

LIFECYCLES = {
    lifecycle.noun: lifecycle
    for lifecycle in (MACHINE, WAVE, RUN, NOTICE, TAKEOUT, DISK_PIN, MILESTONE)
}

_GENERATED = re.compile(
    r"(?P<begin><!-- generated: (?P<noun>\w+) -->\n).*?(?P<end><!-- end: (?P=noun) -->)", re.DOTALL
)
# More arrows than this into one state with one verb are drawn as one, from a box that names them.
_SINGLE_ARROWS = 3


def mermaid(lifecycle: Lifecycle) -> str:
    """The table as a Mermaid state diagram; every move of the table is in it."""
    lines = ["stateDiagram-v2", f"    [*] --> {lifecycle.initial}"]
    boxes: list[str] = []
    arrows: dict[tuple[StrEnum, StrEnum | Back], list[StrEnum]] = {}
    for (state, verb), target in lifecycle.moves.items():
        arrows.setdefault((verb, target), []).append(state)
    for (verb, target), sources in arrows.items():
        into = _node(target)
        if isinstance(target, Back) and f"as {into}" not in " ".join(boxes):
            boxes.append(f'    state "{target.value}" as {into}')
        if len(sources) > _SINGLE_ARROWS:
            box = f"any_{verb}_{into}"
            boxes.append(f'    state "{", ".join(sources)}" as {box}')
            lines.append(f"    {box} --> {into}: {_said(verb)}")
        else:
            lines += [f"    {source} --> {into}: {_said(verb)}" for source in sources]
    leaves = {state for state, _ in lifecycle.moves}
    ends = [f"    {state} --> [*]" for state in lifecycle.states if state not in leaves]
    return "\n".join([lines[0], *boxes, *lines[1:], *ends])


def words(lifecycle: Lifecycle) -> str:
    """Markdown tables of the states and of the verbs, with their meaning."""
    lines = ["| state | meaning | verbs that leave it |", "|---|---|---|"]
    for state in lifecycle.states:
        verbs = ", ".join(f"`{verb}`" for verb in lifecycle.verbs_from(state)) or "none: the end"
        lines.append(f"| `{state}` | {_meaning(state)} | {verbs} |")
    lines += ["", "| verb | meaning |", "|---|---|"]
    lines += [f"| `{verb}` | {_meaning(verb)} |" for verb in lifecycle.verbs]
    return "\n".join(lines)


def rewrite(text: str) -> str:
    """`text` with its generated parts as the tables are now.

    Raises ValueError for a noun without a lifecycle, and when there is nothing to rewrite.
    """
    if not _GENERATED.search(text):
        raise ValueError("no generated part: put <!-- generated: machine --> and its end there")
    return _GENERATED.sub(_part, text)


def main(arguments: Sequence[str]) -> int:
    """Rewrite the files named in `arguments`; 2 when there are none."""
    if not arguments:
        sys.stderr.write("usage: python -m rollout.domain.diagram FILE...\n")
        return 2
    for name in arguments:
        path = Path(name)
        text = path.read_text(encoding="utf-8")
        fresh = rewrite(text)
        if fresh != text:
            path.write_text(fresh, encoding="utf-8")
    return 0


def _part(found: re.Match[str]) -> str:
    lifecycle = LIFECYCLES.get(found["noun"])
    if lifecycle is None:
        raise ValueError(f"no lifecycle of {found['noun']!r}: known are {', '.join(LIFECYCLES)}")
    drawn = f"```mermaid\n{mermaid(lifecycle)}\n```\n\n{words(lifecycle)}\n"
    return f"{found['begin']}{drawn}{found['end']}"


def _node(target: StrEnum | Back) -> str:
    return target.name.lower() if isinstance(target, Back) else str(target)


def _said(verb: StrEnum) -> str:
    return str(verb).replace("_", " ")


def _meaning(word: StrEnum) -> str:
    return word.meaning if isinstance(word, Described) else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
