"""What a state, an entry of the history or an error is about."""

from enum import StrEnum


class Noun(StrEnum):
    """The kinds of rows that people are told about by name."""

    ACCOUNT = "account"
    CLOUD_GROUP = "cloud_group"
    DISK_PIN = "disk_pin"
    MACHINE = "machine"
    MILESTONE = "milestone"
    NOTICE = "notice"
    PERSON = "person"
    PERSONAL_DEVICE = "personal_device"
    RUN = "run"
    TAKEOUT = "takeout"
    WAVE = "wave"
