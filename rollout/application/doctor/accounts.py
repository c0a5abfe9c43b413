"""The cloud directory: signing in, what is granted, clocks, and seats."""

from collections.abc import Iterator
from datetime import timedelta

from rollout.application.accounts.directory import Directory, DirectoryAway
from rollout.application.doctor.finding import Finding, judged
from rollout.i18n import _
from rollout.settings import Settings
from rollout.settings.accounts import Accounts

SKEW = timedelta(minutes=2)
"""Beyond five a certificate's proof is refused."""


def examine(settings: Settings, directory: Directory) -> Iterator[Finding]:
    """Nothing is asked for; the directory is only read."""
    try:
        found = directory.sign_in(settings)
    except DirectoryAway as away:
        remedy = _("see [accounts.tenant] in docs/configuration.md")
        yield judged("directory", _("cloud directory"), str(away), problem=remedy)
        return
    yield judged("directory", _("cloud directory"), settings.accounts.tenant.graph)
    missing = dict.fromkeys(f"{one.purpose}: {one.roles[0]}" for one in found.lacking)
    yield judged(
        "directory_roles",
        _("granted roles"),
        _("missing: {names}").format(names=", ".join(missing)) if missing else _("all"),
        problem=_("grant them to the application, with the administrator's consent")
        if missing
        else "",
    )
    seconds = found.clock_ahead.total_seconds()
    yield judged(
        "directory_clock",
        _("clock beside the directory's"),
        _("{seconds:+.0f} s").format(seconds=seconds),
        problem=_("switch time synchronisation on") if abs(seconds) > SKEW.total_seconds() else "",
    )
    if not found.lacking:
        yield from _stock(settings.accounts, directory)


def _stock(settings: Accounts, directory: Directory) -> Iterator[Finding]:
    try:
        products = {product.part_number: product for product in directory.products()}
    except DirectoryAway as away:
        yield judged("licences", _("licences"), str(away), warning=_("try again later"))
        return
    for part in settings.licences:
        product = products.get(part)
        if product is None:
            remedy = _("correct [accounts] licences")
            yield judged("licences", _("licences"), _("{part}: never bought").format(part=part),
                         problem=remedy)  # fmt: skip
            continue
        yield judged(
            "licences",
            _("licences"),
            _("{part}: {free} of {all} are free").format(
                part=part, free=product.free, all=product.enabled
            ),
            warning="" if product.free > 0 else _("`rollout accounts plan` says how many to buy"),
        )
