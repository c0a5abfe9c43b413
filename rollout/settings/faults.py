"""What is wrong with a value of the configuration, in the language in force."""

from collections.abc import Mapping
from typing import Any

from rollout.domain.words import msgid
from rollout.i18n import _

_WORDS = {
    "missing": msgid("this key is required"),
    "greater_than": msgid("it has to be greater than {gt}"),
    "greater_than_equal": msgid("it has to be {ge} or more"),
    "less_than": msgid("it has to be less than {lt}"),
    "less_than_equal": msgid("it has to be {le} or less"),
    "int_type": msgid("a whole number is expected"),
    "int_parsing": msgid("a whole number is expected"),
    "int_from_float": msgid("a whole number is expected"),
    "float_type": msgid("a number is expected"),
    "float_parsing": msgid("a number is expected"),
    "bool_type": msgid("true or false is expected"),
    "bool_parsing": msgid("true or false is expected"),
    "string_type": msgid("a text in quotes is expected"),
    "tuple_type": msgid("a list in [ ] is expected"),
    "dict_type": msgid("a table is expected"),
    "model_type": msgid("a table is expected"),
    "literal_error": msgid("one of {expected} is expected"),
    "enum": msgid("one of {expected} is expected"),
    "date_type": msgid("a date is expected, such as 2022-11-01 or R4.11.1"),
    "date_parsing": msgid("a date is expected, such as 2022-11-01 or R4.11.1"),
    "date_from_datetime_parsing": msgid("a date is expected, such as 2022-11-01 or R4.11.1"),
    "datetime_parsing": msgid("a date is expected, such as 2022-11-01 or R4.11.1"),
}
"""By pydantic's kind of error; the words in braces are those of its context."""


def reason(item: Mapping[str, Any]) -> str:
    """Why pydantic refused the value of `item`, one of `ValidationError.errors()`.

    Our own validators say it themselves; a kind that is not known here stays in pydantic's words.
    """
    context = item.get("ctx", {})
    if item["type"] == "value_error" and "error" in context:
        return str(context["error"])
    words = _WORDS.get(item["type"])
    return str(item["msg"]) if words is None else _(words).format(**context)
