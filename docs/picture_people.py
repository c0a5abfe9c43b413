"""People of the pictures' programme who apply for a PC outside the office or a telephone."""

from datetime import date, datetime

from rollout.application.byod import applying
from rollout.application.byod.applying import DeviceApplication
from rollout.application.operators import Operator
from rollout.application.takehome import decisions
from rollout.domain.personal_device import ApplicationKind, Platform
from rollout.domain.takeout import TakeoutVerb
from rollout.settings import OperatorRole, Settings
from rollout.store import machines
from rollout.store.database import Database

_OWNERS = 6
_MODELS = (
    (Platform.IOS, "iPhone 13"),
    (Platform.ANDROID, "Pixel 6a"),
    (Platform.WINDOWS, "ThinkPad X13"),
    (Platform.MACOS, "MacBook Air"),
)


def apply(database: Database, settings: Settings, operator: Operator, now: datetime) -> None:
    """Some applications of each kind; half of them decided."""
    approver = Operator("matsumoto", OperatorRole.APPROVER)
    with database.read() as session:
        found = machines.listing(session, machines.Filter(generations=("DK20",)), limit=200)
        owners = {one.staff_number: one.machine.asset_tag for one in found if one.staff_number}
        chosen = list(owners.items())[:_OWNERS]
    for place, (number, tag) in enumerate(chosen):
        first = date(2022, 11, 17 + place)
        wish = decisions.Wish(tag, number, first, date(2022, 12, 9), "自宅", "在宅勤務")
        made = decisions.apply(database, settings, wish, operator, now)
        if place % 2:
            decisions.decide(
                database, settings, made, TakeoutVerb.APPROVE, approver, now, "課長が確認済み"
            )
    for place, ((number, _tag), (platform, model)) in enumerate(zip(chosen, _MODELS, strict=False)):
        form = DeviceApplication(
            number,
            platform,
            model,
            "メールとチャット",
            ApplicationKind.NEW,
            "1.0",
            date(2022, 11, 1),
        )
        device = applying.apply(database, settings, form, operator, now).number
        if place % 2:
            applying.decide(
                database, settings, device, approver, now,
                approve=True, reason=None, head_of_office="人事課長",
            )  # fmt: skip
