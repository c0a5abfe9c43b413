"""The export of every night: a pack of its own, older ones removed, copies to where they are read.

A night that could not be delivered is noted as failed and tried again after an hour. What is
written already is not written again: the folder of a day has one pack, whoever asks how often. A
mail bears the night's key, by which the mailbox is searched before it is sent again.
"""

import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rollout.application.exports.pack import MANIFEST, Packer
from rollout.application.exports.stamp import Kind
from rollout.application.notices.mail import (
    LARGEST,
    Attachment,
    InDoubt,
    Mail,
    Mailer,
    NoMail,
    Refused,
    Taken,
    send_once,
)
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.system_errors import why
from rollout.settings import Settings

EXPORTS = "exports"
"""Under this name the nights note it."""
NIGHTLY = re.compile(r"\d{8}-\d{6}")
"""What the folder of a night is called; only such are ever removed."""
_MEDIA = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class NotDelivered(RolloutError):
    """The export of a night is in its folder, and did not get where it is read."""


@dataclass(frozen=True)
class NightlyExport:
    """What the daemon calls; `mailer` makes a mailbox of the night's own."""

    packer: Packer
    settings: Settings
    mailer: Callable[[], Mailer]

    def __call__(self, now: datetime, go_on: Callable[[], None]) -> str:
        """Export, deliver, tidy; what there is to say about it. Raises OSError and RolloutError."""
        known = self.settings.exports
        assert known.folder is not None  # noqa: S101  (there is no such work without)
        local = now.astimezone(self.settings.programme.zone)
        # What is tried again after midnight still belongs to its own night.
        early = local.time() < self.settings.nightly.time_of_day
        night = local.date() - timedelta(days=early)
        folder = _of_day(known.folder, f"{night:%Y%m%d}")
        if folder is None:
            folder = known.folder / f"{night:%Y%m%d}-{local:%H%M%S}"
            kinds = [kind for kind in Kind if kind.value in known.parts]
            self.packer.make(folder, now=now, kinds=kinds, progress=lambda *_so_far: go_on())
        said = [str(folder)]
        for old in kept(known.folder)[known.keep :]:
            shutil.rmtree(old)
        failed = []
        for deliver in (self._copy, self._mail):
            go_on()
            try:
                said += deliver(folder)
            except NotDelivered as error:
                # A share that is away keeps nobody's mail back.
                failed.append(str(error))
        if failed:
            raise NotDelivered("; ".join(failed))
        return " → ".join(said)

    def _copy(self, folder: Path) -> Sequence[str]:
        target = self.settings.exports.deliver_to
        return () if target is None else (str(_copy(folder, target)),)

    def _mail(self, folder: Path) -> Sequence[str]:
        known, programme = self.settings.exports, self.settings.programme.name
        if not known.mail_to:
            return ()
        attached, left = _fitting([folder / name for name in known.mail])
        text = _("The export of {night} is attached. All of it lies in {folder}.").format(
            night=folder.name, folder=folder
        )
        if left:
            text += "\n\n" + _("Too big for a mail, and only in that folder:") + "\n"
            text += "".join(f"- {path.name} ({size:,} B)\n" for path, size in left)
        mailer = self.mailer()
        try:
            mail = Mail(
                key=f"exports/{folder.name}",
                to=known.mail_to,
                subject=f"{programme} {folder.name}",
                text=text,
                attachments=attached,
            )
            # Whether an earlier attempt of this night went is only known by the mailbox.
            outcome = send_once(mailer, mail, tried=True)
        except NoMail as none:
            raise NotDelivered(
                _(
                    "{folder} was exported and not mailed: {why}; name smaller files under "
                    "[exports] mail, or a folder under deliver_to"
                ).format(folder=folder, why=none)
            ) from None
        finally:
            mailer.close()
        if not isinstance(outcome, Taken):
            why = outcome.why
            if isinstance(outcome, Refused):
                why = f"{outcome.code}: {why}"
            if isinstance(outcome, InDoubt):
                why = _("the answer was lost, it is looked for ({why})").format(why=why)
            raise NotDelivered(
                _("{folder} was exported and not mailed: {why}").format(folder=folder, why=why)
            )
        return (", ".join(known.mail_to),)


def kept(folder: Path) -> list[Path]:
    """The nights that are there, the newest first."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if NIGHTLY.fullmatch(path.name))
    return sorted((path for path in found if (path / MANIFEST).is_file()), reverse=True)


def _of_day(folder: Path, day: str) -> Path | None:
    return next((path for path in kept(folder) if path.name.startswith(day)), None)


def _copy(folder: Path, target: Path) -> Path:
    """A copy that is whole or not there; one that is there stays."""
    place = target / folder.name
    if (place / MANIFEST).is_file():
        return place
    if not target.is_dir():
        # Made here, it would fill this disk in the place of a share that is not mounted.
        raise NotDelivered(
            _(
                "{folder} was exported and not copied: {target} is no folder; mount its share, or "
                "make it"
            ).format(folder=folder, target=target)
        )
    part = target / f".{folder.name}.{os.getpid()}.part"
    try:
        shutil.copytree(folder, part)
        part.rename(place)
    except OSError as error:
        raise NotDelivered(
            _("{folder} was exported and not copied to {target}: {why}").format(
                folder=folder, target=target, why=why(error)
            )
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def _fitting(
    paths: Sequence[Path],
) -> tuple[tuple[Attachment, ...], Sequence[tuple[Path, int]]]:
    """The files that one mail takes, in the order in which they were named, and those that are
    left out with their sizes. A mail that says where the rest lies is better than none."""
    taken: list[Attachment] = []
    left: list[tuple[Path, int]] = []
    room = LARGEST
    for path in paths:
        one = _attached(path)
        if len(one.content) <= room:
            room -= len(one.content)
            taken.append(one)
        else:
            left.append((path, len(one.content)))
    return tuple(taken), left


def _attached(path: Path) -> Attachment:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotDelivered(
            _("[exports] mail names {name}, which no night writes: {known}").format(
                name=path.name,
                known=", ".join(sorted(one.name for one in path.parent.iterdir())),
            )
        ) from None
    return Attachment(path.name, _MEDIA.get(path.suffix, "application/octet-stream"), content)
