"""Ansible and what it needs to reach PCs, and whether it reaches some."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from rollout.application.doctor.finding import Finding, judged
from rollout.application.ports import Equipment
from rollout.domain.errors import RolloutError
from rollout.domain.machine import Step
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import machines, migrate
from rollout.store.database import Database
from rollout.store.faults import unavailable

DISTRIBUTIONS = ("ansible-core", "ansible-runner")
COLLECTIONS = ("ansible.windows", "community.windows", "microsoft.ad")
LIBRARIES = {"psrp": "pypsrp", "winrm": "pywinrm"}
"""The Python package that a connection plugin needs."""
SAMPLE = 5
"""PCs that are tried."""


def examine(opened: Database, settings: Settings, tools: Equipment) -> Iterator[Finding]:
    """Playbooks, programs, collections, connection."""
    yield _playbooks(settings)
    yield _generations(settings)
    for name in DISTRIBUTIONS:
        found = tools.version(name)
        remedy = "" if found else f"pip install {name}"
        yield judged(name, name, found or _("not installed"), problem=remedy)
    yield _collections(tools)
    yield from _connection(settings, tools)
    yield _reached(opened, tools)


def _playbooks(settings: Settings) -> Finding:
    folder = settings.ansible.playbooks
    names = [f"{step.value}.yml" for step in Step] + ["probe.yml", "recheck.yml"]
    missing = [name for name in names if not (folder / name).is_file()]
    return judged(
        "playbooks",
        _("playbooks"),
        _("missing: {names}").format(names=", ".join(missing)) if missing else str(folder),
        problem=_("set [ansible] playbooks to the folder that has them") if missing else "",
    )


def _generations(settings: Settings) -> Finding:
    names = ", ".join(sorted(settings.generations))
    remedy = "" if names else _("add a table such as [generations.DK20] with its image")
    return judged("generations", _("generations"), names or _("none is configured"), problem=remedy)


def _collections(tools: Equipment) -> Finding:
    found = {name: tools.collection(name) for name in COLLECTIONS}
    missing = [name for name, version in found.items() if version is None]
    return judged(
        "collections",
        _("collections"),
        ", ".join(f"{name} {version or _('missing')}" for name, version in found.items()),
        problem=f"ansible-galaxy collection install {' '.join(missing)}" if missing else "",
    )


def _connection(settings: Settings, tools: Equipment) -> Iterator[Finding]:
    folder: Path = settings.ansible.group_vars
    remedy = _("set [ansible] group_vars to how your machines are reached")
    if not folder.is_dir():
        yield judged("connection", _("connection"), str(folder), problem=remedy)
        return
    try:
        kind = tools.connection()
    except RolloutError as error:
        yield judged("connection", _("connection"), str(error), problem=remedy)
        return
    yield judged("connection", _("connection"), f"{kind} ({folder})")
    library = LIBRARIES.get(kind)
    if library is not None:
        found = tools.version(library)
        remedy = "" if found else f"pip install {library}"
        yield judged("library", library, found or _("not installed"), problem=remedy)
    ssh = shutil.which("ssh")
    remedy = "" if ssh or kind != "ssh" else "apt-get install openssh-client"
    yield judged("ssh", "ssh", ssh or _("not found"), problem=remedy)


def _reached(opened: Database, tools: Equipment) -> Finding:
    """PCs that are switched off are no fault of ours: none that answers is worth a look."""
    try:
        migrate.check(opened)
        with opened.read() as session:
            names = [row.computer_name or "" for row in machines.addressable(session, SAMPLE)]
        silent = tools.silent(names)
    except RolloutError as error:
        return judged("reach", _("PCs"), str(error), warning=_("mend what is above first"))
    except Exception as error:
        why = unavailable(error)
        if why is None:
            raise
        return judged("reach", _("PCs"), why, warning=_("mend what is above first"))
    if not names:
        return judged("reach", _("PCs"), _("none is known yet"))
    found = _("{count} of {all} answer").format(count=len(names) - len(silent), all=len(names))
    if silent:
        found += " (" + _("silent: {names}").format(names=", ".join(silent)) + ")"
    none = len(silent) == len(names)
    return judged(
        "reach",
        _("PCs"),
        found,
        warning=_("are they switched on, and does the network let us through?") if none else "",
    )
