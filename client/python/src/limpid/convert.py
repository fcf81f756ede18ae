"""The contract's messages become dataclasses: fields of the same name, one for one.

Enums become their names in lower case without the type's prefix ("embedding_output"), repeated numbers arrays,
repeated messages tuples, and a message or optional number that is not there None.
"""

from __future__ import annotations

import functools
import operator
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from google.protobuf.message import Message

T = TypeVar("T", bound="DataclassInstance")
_DTYPES = {FieldDescriptor.CPPTYPE_FLOAT: np.float32, FieldDescriptor.CPPTYPE_INT32: np.int32,
           FieldDescriptor.CPPTYPE_UINT32: np.uint32}


def read(kind: type[T], message: Message, **rest: Any) -> T:
    """`rest`: fields of `kind` that the message does not have, or not so."""
    if not rest:
        made: T = _reader(kind, message.DESCRIPTOR)(message)
        return made
    return kind(**{name: get(message) for name, get in _getters(kind, message.DESCRIPTOR, frozenset(rest))}, **rest)


@functools.cache
def prefix_of(enum: EnumDescriptor) -> str:
    """What the names of its values begin with: "ATTACH_POINT_" of AttachPoint."""
    zero: str = enum.values_by_number[0].name
    return zero.removesuffix("UNSPECIFIED")


def short_name(enum: EnumDescriptor, number: int) -> str:
    """Empty for UNSPECIFIED; the number where this client is too old to know it."""
    if number == 0:
        return ""
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(prefix_of(enum)).lower() if value else str(number)


@functools.cache
def _reader(kind: type[T], message: Any) -> Callable[[Message], T]:
    """read() without `rest`. Most messages are tokens and units, all plain fields: they are read at one stroke."""
    getters = _getters(kind, message, frozenset())
    if len(getters) > 1 and all(_is_plain(message.fields_by_name[name]) for name, _ in getters):
        plain = operator.attrgetter(*(name for name, _ in getters))
        return lambda found: kind(*plain(found))
    return lambda found: kind(**{name: get(found) for name, get in getters})


@functools.cache
def _getters(kind: type, message: Any, without: frozenset[str]) -> list[tuple[str, Callable[[Message], Any]]]:
    fields = message.fields_by_name
    hints = typing.get_type_hints(kind)
    return [(name, _getter(fields[name], hint)) for name, hint in hints.items()
            if name in fields and name not in without]


def _is_plain(field: Any) -> bool:
    return not (field.is_repeated or field.message_type or field.enum_type or field.has_presence)


def _getter(field: Any, hint: Any) -> Callable[[Any], Any]:
    name = field.name
    if field.is_repeated and field.message_type:
        item = _reader(_message_kind(hint), field.message_type)
        return lambda message: tuple(map(item, getattr(message, name)))
    if field.is_repeated and typing.get_origin(hint) is tuple:
        return lambda message: tuple(getattr(message, name))
    if field.is_repeated:
        dtype = _DTYPES[field.cpp_type]
        return lambda message: np.array(getattr(message, name), dtype)
    if field.message_type:
        part = _reader(_message_kind(hint), field.message_type)
        if type(None) not in typing.get_args(hint):
            return lambda message: part(getattr(message, name))
        return lambda message: part(getattr(message, name)) if message.HasField(name) else None
    if field.enum_type:
        enum = field.enum_type
        return lambda message: short_name(enum, getattr(message, name))
    if field.has_presence:
        return lambda message: getattr(message, name) if message.HasField(name) else None
    return lambda message: getattr(message, name)


def _message_kind(hint: Any) -> Any:
    """X of X, `X | None` and `tuple[X, ...]`."""
    return next((part for part in typing.get_args(hint) if part not in (..., type(None))), hint)
