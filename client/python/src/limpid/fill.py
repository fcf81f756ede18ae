"""Plain Python values become the contract's messages: the way in, as convert.py is the way out.

Dictionaries are messages, strings enums ("word" for GRANULARITY_WORD), and a few messages have a short form (SHORT_FORMS).
What the contract does not have is an InvalidRequest that names the field and says what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from limpid.convert import prefix_of
from limpid.errors import Code, InvalidRequest

M = TypeVar("M", bound=Message)

# By message: what a value that is no dictionary stands for.
SHORT_FORMS: dict[str, Callable[[Any], Mapping[str, Any]]] = {
    "limpid.v1.Class": lambda value: {"label": value} if isinstance(value, str) else {"index": value},
    "limpid.v1.Baseline": lambda value: {"token": value} if isinstance(value, str) else {"token_ids": value},
    "limpid.v1.Completion": lambda value: {"text": value} if isinstance(value, str) else {"token_ids": value},
    "limpid.v1.TokenIds": lambda value: {"ids": value},
    "limpid.v1.Span": lambda value: dict(zip(("begin_byte", "end_byte", "sequence"), value)),
}


def fill(message: M, values: Mapping[str, Any], path: str = "") -> M:
    """Sets the fields that `values` names, those that are None excepted."""
    fields: Mapping[str, Any] = message.DESCRIPTOR.fields_by_name
    for name, value in values.items():
        where = f"{path}.{name}" if path else name
        if name not in fields:
            raise invalid(where, f"no such option; there is {', '.join(fields) or 'none'}")
        if value is not None:
            _set(message, fields[name], value, where)
    return message


def invalid(where: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{where}: {why}", code=Code.INVALID_ARGUMENT, fields=(where,))


def _set(message: Message, field: FieldDescriptor, value: Any, where: str) -> None:
    try:
        if field.message_type and field.is_repeated:
            for index, item in enumerate(value):
                _set_message(getattr(message, field.name).add(), item, f"{where}[{index}]")
        elif field.message_type:
            part = getattr(message, field.name)
            part.SetInParent()
            _set_message(part, value, where)
        elif field.is_repeated:
            getattr(message, field.name).extend(_scalar(field, item, where) for item in value)
        else:
            setattr(message, field.name, _scalar(field, value, where))
    except InvalidRequest:
        raise
    except (TypeError, ValueError) as error:
        raise invalid(where, str(error)) from error


def _set_message(part: Message, value: Any, where: str) -> None:
    if isinstance(value, Message):
        part.CopyFrom(value)
        return
    if not isinstance(value, Mapping):
        name = part.DESCRIPTOR.full_name
        if name not in SHORT_FORMS:
            names = ", ".join(part.DESCRIPTOR.fields_by_name)
            raise invalid(where, f"is a {type(value).__name__}, not a dictionary of {names}")
        value = SHORT_FORMS[name](value)
    fill(part, value, where)


def _scalar(field: FieldDescriptor, value: Any, where: str) -> Any:
    if not field.enum_type or not isinstance(value, str):
        return value.item() if hasattr(value, "item") else value  # NumPy's and PyTorch's numbers
    names = _names(field.enum_type)
    if value.lower() not in names:
        raise invalid(where, f"{value!r} is none of {', '.join(name for name in names if name != 'unspecified')}")
    return names[value.lower()]


def _names(enum: EnumDescriptor) -> dict[str, int]:
    prefix = prefix_of(enum)
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values}
