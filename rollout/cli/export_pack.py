"""`rollout export pack|verify`"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.export_status import AsOf
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.exports.verifying import Answer


def pack(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=_("the folder to make"))],
    as_of: AsOf = None,
) -> None:
    """Everything that is kept of the cutover, in one folder."""
    from rollout.application.exports.status.past import moment

    application = invocation(context).application()
    now = application.clock.now()
    with progress_bar(_("files")) as bar:
        packed = application.packer.make(
            out,
            now=now,
            as_of=None if as_of is None else moment(as_of, now=now),
            progress=lambda name, done, total: bar(done, total, name),
        )
    say(
        _(
            "{path}: {count} {count:file|files}; SHA-256 of the manifest, to be kept "
            "elsewhere: {digest}"
        ).format(path=packed.folder, count=len(packed.files), digest=packed.digest)
    )


def verify(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help=_("an export, or the folder of a pack"))],
    as_json: AsJson = False,
) -> None:
    """Whether an export is unaltered and the database still says the same."""
    from rollout.application.exports import pack as packs
    from rollout.application.exports import verifying

    application = invocation(context).application()
    database, settings = application.database, application.settings
    with progress_bar(_("rows")) as bar:
        if path.is_dir():
            found = packs.verify_pack(database, settings, path, bar)
        else:
            chain = verifying.walk(database, bar)
            found = [(path.name, verifying.verify(database, settings, path, chain))]
    _tell(found, as_json)
    failed = sum(not answer.holds for _name, answers in found for answer in answers)
    if failed:
        raise RolloutError(
            _("{path} does not hold: {count} of the answers above {count:says|say} why").format(
                path=path, count=failed
            )
        )


def _tell(found: Sequence[tuple[str, Sequence["Answer"]]], as_json: bool) -> None:
    from rollout.i18n.labels import label

    lines = [(name, answer) for name, answers in found for answer in answers]
    if as_json:
        print_json(
            [
                {
                    "file": name,
                    "question": answer.question.value,
                    "holds": answer.holds,
                    "said": answer.said,
                    **({"counts": answer.counts} if answer.counts else {}),
                }
                for name, answer in lines
            ]
        )
        return
    print_table(
        [_("file"), _("question"), _("holds"), _("found")],
        [
            [name, label(answer.question), _("yes") if answer.holds else _("NO"), answer.said]
            for name, answer in lines
        ],
    )


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "pack": (
        pack,
        _("Final status, exceptions, evidence, machines and history in one folder."),
    ),
    "verify": (
        verify,
        _("Whether an export is unaltered, and the database still counts the same."),
    ),
}
