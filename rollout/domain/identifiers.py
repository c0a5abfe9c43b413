"""Identifiers of the ledger: asset tag, serial, MAC address, computer name, staff number.

Each `parse_...` gives the one canonical form or raises ValueRefused. Spelling is mended (widths,
dashes, case, spaces); content is never guessed, because a machine is wiped on the strength of its
serial and its tag.
"""

import re

from rollout.domain.text import ValueRefused, fold_identifier, is_ditto
from rollout.domain.words import msgid

GENERATIONS = ("DK17", "DK18", "DK19", "DK20", "DK21")
"""The generations of this programme; an importer may be given others."""

TAG_DIGITS = 6
STAFF_DIGITS = 6

_FROM_THE_LABEL = msgid("read it from the label on the machine and type it as text")
_AS_IN_TAG = msgid("write it as in DK20-000417")


def _refuse_non_values(text: str, folded: str) -> None:
    if not folded:
        raise ValueRefused(text, msgid("the cell is empty"), _FROM_THE_LABEL)
    if is_ditto(text):
        raise ValueRefused(text, msgid("'as above' cannot stand for an identifier"),
                           _FROM_THE_LABEL)  # fmt: skip


_tag = re.compile(r"(DK ?[0-9]{2})(?: ?- ?| )([0-9]+)").fullmatch
_tag_joined = re.compile(r"(DK ?[0-9]{2})([0-9]+)").fullmatch


def parse_asset_tag(text: str) -> str:
    """The tag as `DK20-000417`.

    Two spellings are the same tag when generation and number are equal; short numbers are filled
    with zeros, but digits are never taken away, so no two numbers can meet. Without a separator
    all six digits must be there: DK20417 could be 417 or 0417 with a digit missing.
    """
    folded = fold_identifier(text)
    _refuse_non_values(text, folded)
    if found := _tag(folded):
        generation, number = found[1], found[2]
    elif found := _tag_joined(folded):
        generation, number = found[1], found[2]
        if len(number) != TAG_DIGITS:
            raise ValueRefused(
                text, msgid("without a dash the number needs {digits} digits"), _AS_IN_TAG,
                digits=TAG_DIGITS,
            )  # fmt: skip
    else:
        raise _no_tag(text, folded)
    if len(number) > TAG_DIGITS:
        raise ValueRefused(
            text, msgid("the number has {found} digits, at most {digits} are known"),
            _FROM_THE_LABEL, found=len(number), digits=TAG_DIGITS,
        )  # fmt: skip
    if not number.strip("0"):
        raise ValueRefused(text, msgid("number zero is given to no machine"), _FROM_THE_LABEL)
    return f"{generation.replace(' ', '')}-{number:0>{TAG_DIGITS}}"


def _no_tag(text: str, folded: str) -> ValueRefused:
    repaired = re.sub(r"(?<=^DK)[0-9OIL -]+$", lambda m: m[0].translate(_LOOKALIKE), folded)
    if repaired != folded and _tag(repaired):
        return ValueRefused(
            text, msgid("the letter O or I stands where a digit belongs"), _FROM_THE_LABEL
        )
    return ValueRefused(text, msgid("this is not an asset tag"), _AS_IN_TAG)


_LOOKALIKE = str.maketrans("OIL", "011")


def generation_of(asset_tag: str) -> str:
    """The generation that a canonical tag carries."""
    return asset_tag.partition("-")[0]


_generation = re.compile(r"(?:DK[ -]?)?([0-9]{2})(?:世代|型)?").fullmatch


def parse_generation(text: str) -> str:
    """The generation as `DK20`; whether the programme knows it is the importer's question."""
    folded = fold_identifier(text)
    if found := _generation(folded):
        return f"DK{found[1]}"
    raise ValueRefused(
        text, msgid("this is not a generation"), msgid("write it as in DK20, or leave it empty")
    )


_mangled = re.compile(r"[0-9](?:[.,][0-9]*)?E[+-]?[0-9]{1,3}|[0-9]+[.,][0-9]+(?:E[+-]?[0-9]+)?")
_MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_made_a_date = re.compile(
    rf"(?:19|20)[0-9]{{2}}-[0-9]{{1,2}}-[0-9]{{1,2}}|{_MONTH}-[0-9]{{1,4}}|[0-9]{{1,2}}-{_MONTH}(?:-[0-9]{{2,4}})?"
)
_serial = re.compile(r"[0-9A-Z](?:[0-9A-Z-]*[0-9A-Z])?").fullmatch
_NO_SERIALS = frozenset({
    "NONE", "NULL", "UNKNOWN", "DEFAULT", "DEFAULT-STRING", "TBD", "N-A", "FUMEI", "SERIAL",
    "NOTSPECIFIED", "INVALID", "XXXXXXX", "XXXXXXXX",
})  # fmt: skip
_SERIAL_LENGTHS = range(5, 33)
_SHORTEST_ALL_DIGITS = 7
_EXCEL_PRECISION = 15


def parse_serial(text: str) -> str:
    """The serial in upper case.

    Refused: what Excel made of it (1.23E+10, 2022-04-01, APR-22, digits after the fifteenth turned
    to zero, leading zeros visibly lost), spaces inside (they may part two serials), and
    placeholders.
    A cell that is typed as a number is refused by `refuse_number`.
    """
    folded = fold_identifier(text)
    _refuse_non_values(text, folded)
    if _mangled.fullmatch(folded):
        raise ValueRefused(
            text, msgid("a spreadsheet has turned this serial into a number"), _FROM_THE_LABEL
        )
    if _made_a_date.fullmatch(folded):
        raise made_a_date(text)
    if " " in folded or "\n" in folded:
        raise ValueRefused(
            text, msgid("there is a space inside: are these two serials?"), _FROM_THE_LABEL
        )
    if not _serial(folded):
        raise ValueRefused(
            text, msgid("a serial has only letters, digits and dashes"), _FROM_THE_LABEL
        )
    if folded in _NO_SERIALS or not folded.strip("0-"):
        raise ValueRefused(text, msgid("this is a placeholder, not a serial"), _FROM_THE_LABEL)
    if folded.isdigit():
        _refuse_lost_digits(text, folded)
    if len(folded) not in _SERIAL_LENGTHS:
        raise ValueRefused(
            text, msgid("a serial has {least} to {most} characters, this has {found}"),
            _FROM_THE_LABEL, least=_SERIAL_LENGTHS.start, most=_SERIAL_LENGTHS.stop - 1,
            found=len(folded),
        )  # fmt: skip
    return folded


def _refuse_lost_digits(text: str, digits: str) -> None:
    if len(digits) < _SHORTEST_ALL_DIGITS:
        raise lost_zeros(text)
    if len(digits) > _EXCEL_PRECISION and not digits[_EXCEL_PRECISION:].strip("0"):
        raise ValueRefused(
            text, msgid("a spreadsheet keeps fifteen digits: the end is lost"), _FROM_THE_LABEL
        )


def lost_zeros(text: str) -> ValueRefused:
    """The refusal of a serial that is shorter than it should be."""
    return ValueRefused(
        text, msgid("leading zeros seem to be lost: it has fewer digits than others like it"),
        _FROM_THE_LABEL,
    )  # fmt: skip


def made_a_date(text: str) -> ValueRefused:
    """The refusal of an identifier that a spreadsheet took for a date."""
    return ValueRefused(text, msgid("a spreadsheet has turned this into a date"), _FROM_THE_LABEL)


def refuse_number(text: str) -> ValueRefused:
    """The refusal of an identifier that a spreadsheet holds as a number: zeros may be gone."""
    return ValueRefused(
        text, msgid("the spreadsheet holds this as a number: leading zeros may be lost"),
        msgid("set the column to text and type the value from the label"),
    )  # fmt: skip


_mac_groups = re.compile(
    r"[0-9A-F]{12}"
    r"|(?:[0-9A-F]{2}[-:. ]){5}[0-9A-F]{2}"
    r"|(?:[0-9A-F]{4}[-:. ]){2}[0-9A-F]{4}"
    r"|[0-9A-F]{6}[-:. ][0-9A-F]{6}"
).fullmatch
_space_at_separator = re.compile(" ?([-:.]) ?").sub
_not_hexadecimal = re.compile(r"[^0-9A-F]").sub


def parse_mac(text: str) -> str:
    """The address as `AA:BB:CC:DD:EE:FF`, whatever separates its groups.

    Broken groups are refused (a lost leading zero shifts every digit), and so are addresses that
    belong to no single network card.
    """
    folded = fold_identifier(text)
    if " " in folded:
        folded = _space_at_separator(r"\1", folded)
    _refuse_non_values(text, folded)
    if not _mac_groups(folded):
        raise ValueRefused(
            text,
            msgid("a MAC address has twelve hexadecimal digits in even groups"),
            msgid("write it as in 00:11:22:AA:BB:CC, or leave it empty"),
        )
    digits = _not_hexadecimal("", folded)
    if not digits.strip("0") or int(digits[:2], 16) & 1:
        raise ValueRefused(
            text,
            msgid("this address belongs to no single network card"),
            msgid("read it from the machine, or leave it empty"),
        )
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


_label = re.compile(r"[0-9A-Z](?:[0-9A-Z-]*[0-9A-Z])?").fullmatch
_NETBIOS_LENGTH = 15
_RESERVED = frozenset({"LOCALHOST", "CON", "PRN", "AUX", "NUL", "WORKGROUP"}) | {
    f"{port}{number}" for port in ("COM", "LPT") for number in range(10)
}


def parse_computer_name(text: str) -> str:
    """The name in upper case: a DNS label of at most 15 characters, as NetBIOS wants it.

    Refused besides: names that resolve to the controller itself or are read as an address
    (LOCALHOST, 2130706433, 0X7F000001), because a playbook would run there.
    """
    folded = fold_identifier(text)
    _refuse_non_values(text, folded)
    remedy = msgid("take the name from the machine: letters, digits and dashes, at most 15")
    if len(folded) > _NETBIOS_LENGTH:
        raise ValueRefused(
            text, msgid("a computer name has at most {most} characters, this has {found}"), remedy,
            most=_NETBIOS_LENGTH, found=len(folded),
        )  # fmt: skip
    if not _label(folded):
        raise ValueRefused(
            text, msgid("a computer name has only letters, digits and inner dashes"), remedy
        )
    if folded in _RESERVED or re.fullmatch("[0-9]+|0X[0-9A-F]+", folded):
        raise ValueRefused(text, msgid("this cannot be the name of a PC"), remedy)
    return folded


_staff = re.compile(r"([A-Z]?)-?([0-9]{1,8})").fullmatch


def parse_staff_number(text: str) -> str:
    """The staff number with at least six digits, after one letter where there is one.

    Spreadsheets drop leading zeros of these too; unlike a serial the width is known, so they are
    put back. Digits are never taken away.
    """
    folded = fold_identifier(text)
    if found := _staff(folded):
        if not found[2].strip("0"):
            raise ValueRefused(text, msgid("number zero is given to nobody"), _STAFF_REMEDY)
        return f"{found[1]}{found[2]:0>{STAFF_DIGITS}}"
    if is_ditto(text):
        raise ValueRefused(text, msgid("'as above' cannot stand for an identifier"), _STAFF_REMEDY)
    raise ValueRefused(text, msgid("this is not a staff number"), _STAFF_REMEDY)


_STAFF_REMEDY = msgid("take the number from the staff list, or leave the cell empty")
