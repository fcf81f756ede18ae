import functools

import grpc
import pytest
import tokenizers
import torch
import transformers

from oracle import agreement as collected
from oracle import tolerances
from oracle.reference import Reference
from oracle.texts import PROSE
from support.proto import pb

TABLES = []  # (title, lines) printed at the end of the run


def pytest_configure():
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def pytest_terminal_summary(terminalreporter):
    for title, lines in TABLES:
        terminalreporter.section(title)
        terminalreporter.write_line("\n".join(lines))
    named = {"agreement with Transformers": collected.AGREEMENT,
             "references against libraries, fp64": collected.OF_REFERENCES}
    for title, one in named.items():
        if one.rows:
            terminalreporter.section(f"{title} (difference relative to the largest value)")
            terminalreporter.write_line("\n".join(one.table()))
    if any(one.rows for one in named.values()):
        terminalreporter.write_line(f"written to {collected.save()}")


@pytest.fixture(scope="session")
def agreement():
    return collected.AGREEMENT


@pytest.fixture(scope="session")
def prose(request):
    """The shortest of PROSE, as many as --texts says: the references run a row a token in fp32 and in fp64."""
    return sorted(PROSE, key=len)[:request.config.getoption("texts")]


@pytest.fixture(scope="session")
def tables():
    return TABLES


@pytest.fixture(scope="session")
def references(model_folders):
    """references(name): the model in fp32 and in fp64."""
    types = (torch.float32, torch.float64)
    return functools.cache(lambda name: tuple(Reference(model_folders[name], dtype) for dtype in types))


@pytest.fixture(scope="session")
def nudged(model_folders):
    """nudged(name): the model in fp32 with word embeddings one rounding away."""
    @functools.cache
    def make(name):
        reference = Reference(model_folders[name])
        reference.model.get_input_embeddings().weight.mul_(tolerances.ONE_ROUNDING)
        return reference

    return make


@pytest.fixture(scope="session")
def needs_lrp(client):
    """Skips where relevance propagation is not built in."""
    request = pb.ExplainRequest(model="demo", input=pb.Input(text="No."), methods=[pb.Method(lrp=pb.Lrp())])
    try:
        client.explain(request)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED
        pytest.skip(f"{error.details()} (preset lrp)")


@pytest.fixture(scope="session")
def encode(model_folders, client):
    """encode(model, text, pair=None): Hugging Face's ids and type ids, shortened to fit the model."""
    @functools.cache
    def load(name):
        made = tokenizers.Tokenizer.from_file(str(model_folders[name] / "tokenizer.json"))
        made.no_padding()
        made.enable_truncation(client.model(name).limits.max_tokens, strategy="longest_first")
        return made

    def encode_text(name, text, pair=None):
        encoding = load(name).encode(text, pair)
        return encoding.ids, encoding.type_ids

    return encode_text
