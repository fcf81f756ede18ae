"""What is written down twice, here and in the contract, is the same."""

import dataclasses
import re
import tomllib
import typing

import pytest
from conftest import PACKAGE, REPO
from limpid import convert, generation, models, predictions, requests, results
from limpid.v1 import explain_pb2 as pb
from limpid.v1 import model_pb2

# What has another form here.
REPLACED = {"Attribution": {"heads", "matrix"}, "Cost": {"refusal"}}
NAMES = {"Cost": pb.EstimateCostResponse, "Tokenization": pb.TokenizeResponse}
OWN = {"Source", "Explanation", "GeneratedText"}
CLASSES = [kind for module in (models, predictions, results, generation) for kind in vars(module).values()
           if dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__ and kind.__name__ not in OWN]


def message_of(kind):
    return NAMES.get(kind.__name__) or getattr(pb, kind.__name__, None) or getattr(model_pb2, kind.__name__)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_result_has_every_field_of_its_message(kind):
    ours = {field.name for field in dataclasses.fields(kind)} - {"source", "quality", "refinements", "attributions"}
    assert ours == set(message_of(kind).DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_empty_message_can_be_read(kind):
    rest = {name: None for name in REPLACED.get(kind.__name__, ())}
    rest |= {"source": None} if kind is results.Attribution else {}
    assert isinstance(convert.read(kind, message_of(kind)(), **rest), kind)


@pytest.mark.parametrize("name", ["Truncation", "Score", "Granularity", "Aggregation", "Normalization", "Priority"])
def test_words_are_those_of_the_contracts_enum(name):
    enum = pb.DESCRIPTOR.enum_types_by_name[name]
    words = [convert.short_name(enum, value.number) for value in enum.values if value.number]
    assert list(typing.get_args(getattr(requests, name))) == words


@pytest.mark.parametrize("options, message", [(requests.ExplainOptions, pb.ExplainRequest),
                                              (requests.GenerateOptions, pb.GenerateRequest)])
def test_options_are_those_of_the_contracts_request(options, message):
    moved = {"methods", "target", "score", "text_pair", "type_ids", "truncation"}
    names = set(typing.get_type_hints(options))
    assert names - moved == set(message.DESCRIPTOR.fields_by_name) - {"input", "methods", "target"}


def test_sampling_has_the_contracts_options():
    assert set(typing.get_type_hints(requests.Sampling)) == set(pb.Sampling.DESCRIPTOR.fields_by_name)


def test_an_enum_value_that_is_newer_than_the_client_is_its_number():
    assert convert.short_name(pb.DESCRIPTOR.enum_types_by_name["AttachPoint"], 99) == "99"


def test_the_version_is_the_servers():
    ours = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["version"]
    assert ours == re.search(r"project\(limpid VERSION (\S+)", (REPO / "CMakeLists.txt").read_text())[1]
