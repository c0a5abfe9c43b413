"""The words of lists of applications: forms, kinds, what a head of office decided."""

from rollout.domain.device_sightings import platform_of
from rollout.domain.lifecycle import Described
from rollout.domain.personal_device import ApplicationKind, HeadDecision, Platform
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid


class Form(Described):
    """What somebody applies for."""

    BYOD = "byod", "To use a device of one's own."
    TAKEHOME = "takehome", "To take a PC out of the office."


_FORMS = (
    (("持出", "持ち出", "持帰", "takeout", "takehome"), Form.TAKEHOME),
    (("私有", "私物", "個人端末", "個人所有", "スマートデバイス", "byod"), Form.BYOD),
)
_KINDS = {
    match_key(word): kind
    for kind, words in {
        ApplicationKind.NEW: "新規 初回 新 new",
        ApplicationKind.ADDITIONAL: "追加 増設 2台目 additional",
        ApplicationKind.REPLACEMENT: "変更 機種変更 交換 更新 replacement",
    }.items()
    for word in words.split()
}
_DECISIONS = {
    match_key(word): decision
    for decision, words in {
        HeadDecision.AGREED: "承認 承諾 同意 許可 可 適 ○ ◯ 〇 agreed approved yes",
        HeadDecision.REFUSED: "不承認 不同意 不許可 不可 否 却下 × ✕ ✖ ✗ refused rejected no",
    }.items()
    for word in words.split()
}
_SPOKEN = {"アンドロイド": "android", "アイフォン": "iphone", "アイパッド": "ipad",
           "ウィンドウズ": "windows", "マック": "mac"}  # fmt: skip


def form_of(text: str) -> Form | None:
    """Which form a row is; None when it is empty. Raises ValueRefused."""
    key = match_key(text)
    if key in ("", "-"):
        return None
    for words, form in _FORMS:
        if any(match_key(word) in key for word in words):
            return form
    raise ValueRefused(
        text,
        msgid("this is neither the form for private devices nor that for taking PCs out"),
        msgid("write 私有端末 or 持出し"),
    )


def kind_of(text: str) -> ApplicationKind | None:
    """New or additional; None when it is empty. Raises ValueRefused."""
    key = match_key(text)
    if key in ("", "-"):
        return None
    if key not in _KINDS:
        raise ValueRefused(
            text,
            msgid("this says neither that the device is new nor that it is an additional one"),
            msgid("write 新規 or 追加"),
        )
    return _KINDS[key]


def platform_in(text: str) -> Platform | None:
    """The platform that a text names; None for none or an empty one."""
    key = match_key(text)
    for word, name in _SPOKEN.items():
        key = key.replace(match_key(word), name)
    return platform_of(key)


def platform_named(text: str) -> Platform | None:
    """The platform of a cell; None when it is empty. Raises ValueRefused."""
    if tidy(text) in ("", "-"):
        return None
    found = platform_in(text)
    if found is None:
        raise ValueRefused(
            text,
            msgid("{value} is no platform that can be applied for"),
            msgid("write iOS, Android, Windows or macOS"),
        )
    return found


def decision_of(text: str) -> HeadDecision | None:
    """What the head of office said; None when it is empty. Raises ValueRefused."""
    key = match_key(text)
    if key in ("", "-"):
        return None
    if key not in _DECISIONS:
        raise ValueRefused(
            text,
            msgid("this says neither that the head of office agreed nor that he refused"),
            msgid("write 承認 or 不承認, or leave the cell empty"),
        )
    return _DECISIONS[key]
