"""Japanese readings in Roman letters, as passports write them (Hepburn without long vowels)."""

import re
import unicodedata

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ",
    "h": "ハヒフヘホ", "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ",
    "d": "ダヂヅデド", "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
_IRREGULAR = {
    "シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu",
    "ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ヴ": "vu",
    "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "ya", "ュ": "yu", "ョ": "yo",
    "ヮ": "wa", "ヵ": "ka", "ヶ": "ke",
}  # fmt: skip
_SOUNDS = {
    kana: consonant + vowel
    for consonant, row in _ROWS.items()
    for kana, vowel in zip(row, "aiueo", strict=True)
} | _IRREGULAR
_SMALL_Y = "ャュョ"
_SMALL = "ァィゥェォ"
_long = re.compile(r"oo(?!e)|ou(?!e)|uu")


def romaji(reading: str) -> str | None:
    """`reading` (kana of any width) in small Roman letters; None when it is not kana alone.

    Long o and u are written short (サトウ sato, オオノ ono), but イノウエ is inoue; ん is m before
    b, m and p; a small っ doubles. Roman letters in it stay.
    """
    text = "".join(_as_katakana(one) for one in unicodedata.normalize("NFKC", reading))
    sounds: list[str] = []
    doubled = False
    for kana in text:
        if kana == "ッ":
            doubled = True
            continue
        if kana == "ー":
            continue
        sound = _sound(kana, sounds)
        if sound is None:
            return None
        if doubled:
            sound = ("t" if sound.startswith("ch") else sound[:1]) + sound
            doubled = False
        sounds.append(sound)
    word = re.sub(r"n(?=[bmp])", "m", "".join(sounds).replace("N", "n"))
    return _long.sub(lambda found: found[0][0], word)


def _sound(kana: str, before: list[str]) -> str | None:
    """One kana; a small one changes the sound before it."""
    if kana == "ン":
        return "N"
    if kana.isascii() and kana.isalpha():
        return kana.lower()
    if kana in _SMALL_Y and before and before[-1].endswith("i") and len(before[-1]) > 1:
        stem = before.pop()[:-1]
        vowel = _SOUNDS[kana][-1]
        return stem + (vowel if stem.endswith(("sh", "ch", "j")) else "y" + vowel)
    if kana in _SMALL and before and len(before[-1]) > 1:
        return before.pop()[:-1] + _SOUNDS[kana]
    return _SOUNDS.get(kana)


def _as_katakana(kana: str) -> str:
    return chr(ord(kana) + 0x60) if "ぁ" <= kana <= "ゖ" else kana
