"""A model folder that is not whole is refused at start: exit code 1 and one line that says what is wrong where."""

import json
import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from support.paths import DEMO
from support.server import run_to_end

WEIGHTS = "model.safetensors"


def remove(name):
    return lambda folder: (folder / name).unlink()


def write(name, data: bytes):
    return lambda folder: (folder / name).write_bytes(data)


def truncate(name, keep):
    """Keeps that share of the file."""
    return lambda folder: write(name, (data := (folder / name).read_bytes())[:int(len(data) * keep)])(folder)


def config(**changes):
    """None takes an entry away."""
    def change(folder):
        path = folder / "config.json"
        entries = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({key: value for key, value in entries.items() if value is not None}))

    return change


def tensors(change):
    def save(folder):
        loaded = load_file(folder / WEIGHTS)
        change(loaded)
        save_file(loaded, folder / WEIGHTS)

    return save


def header(change):
    """Rewrites the JSON header of the safetensors file, whatever it then says about the bytes behind it."""
    def save(folder):
        data = (folder / WEIGHTS).read_bytes()
        length, = struct.unpack("<Q", data[:8])
        entries = json.loads(data[8:8 + length])
        change(entries)
        changed = json.dumps(entries).encode()
        (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(changed)) + changed + data[8 + length:])

    return save


def set_offsets(name, begin, end):
    return header(lambda entries: entries[name].update(data_offsets=[begin, end]))


def larger_vocabulary(folder):
    path = folder / "tokenizer.json"
    made = json.loads(path.read_text())
    vocabulary = made["model"]["vocab"]
    vocabulary["onemoretoken"] = len(vocabulary)
    path.write_text(json.dumps(made))


@dataclass(frozen=True)
class Case:
    name: str
    spoil: Callable[[Path], None]
    words: tuple


CLASSIFIER = "classifier.weight"
CASES = (
    Case("no folder", shutil.rmtree, ("not a folder",)),
    Case("no config.json", remove("config.json"), ("config.json",)),
    Case("no weights", remove(WEIGHTS), (WEIGHTS,)),
    Case("no tokenizer.json", remove("tokenizer.json"), ("tokenizer.json",)),
    Case("config.json is no JSON", write("config.json", b"{"), ("config.json",)),
    Case("config.json is a list", write("config.json", b"[]"), ("config.json",)),
    Case("no architecture", config(architectures=None), ("architectures",)),
    Case("unsupported architecture", config(architectures=["T5Model"]),
         ("T5Model", "BertModel", "BertForSequenceClassification")),
    Case("unsupported activation", config(hidden_act="mish"), ("hidden_act", "mish", "gelu")),
    Case("heads that do not divide the width", config(num_attention_heads=7), ("num_attention_heads", "hidden_size")),
    Case("no layers", config(num_hidden_layers=0), ("num_hidden_layers", "0")),
    Case("a layer more than the weights have", config(num_hidden_layers=3), ("encoder.layer.2",)),
    Case("width of another model", config(hidden_size=128), ("shape", "128")),
    Case("empty weights", write(WEIGHTS, b""), (WEIGHTS,)),
    Case("garbage for weights", write(WEIGHTS, bytes(range(256)) * 64), (WEIGHTS,)),
    Case("half of the weights", truncate(WEIGHTS, 0.5), (WEIGHTS,)),
    Case("a cut header", truncate(WEIGHTS, 0.0005), (WEIGHTS,)),
    Case("a tensor missing", tensors(lambda t: t.pop(CLASSIFIER)), (CLASSIFIER,)),
    Case("a tensor of another shape", tensors(lambda t: t.update({CLASSIFIER: t[CLASSIFIER][:, :-1].copy()})),
         (CLASSIFIER, "shape")),
    Case("a tensor of whole numbers", tensors(lambda t: t.update({CLASSIFIER: t[CLASSIFIER].astype(np.int32)})),
         (CLASSIFIER,)),
    Case("a tensor behind the end", set_offsets(CLASSIFIER, 1 << 40, (1 << 40) + 512), (WEIGHTS, CLASSIFIER)),
    Case("a tensor that ends before it begins", set_offsets(CLASSIFIER, 512, 0), (WEIGHTS, CLASSIFIER)),
    Case("a tensor of fewer bytes than its shape", set_offsets(CLASSIFIER, 0, 4), (WEIGHTS, CLASSIFIER)),
    Case("tokenizer.json is no JSON", write("tokenizer.json", b"{"), ("tokenizer.json",)),
    Case("more tokens than embeddings", larger_vocabulary, ("tokenizer.json", "tokens", "embeds")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_model_folder_that_is_not_whole_is_refused(tmp_path, case):
    folder = tmp_path / "spoilt"
    shutil.copytree(DEMO, folder)
    case.spoil(folder)

    code, output = run_to_end({"spoilt": folder})

    said = [line for line in output.splitlines() if line.startswith("limpid-server: ")]
    assert code == 1, output
    assert len(said) == 1 and "--model spoilt" in said[0], output
    assert all(word in said[0] for word in case.words), said[0]
    assert not re.search(r"terminate called|Exception raised from|Sanitizer|panicked", output), output


def test_one_spoilt_folder_among_good_ones_is_named(tmp_path):
    folder = tmp_path / "spoilt"
    shutil.copytree(DEMO, folder)
    remove(WEIGHTS)(folder)

    code, output = run_to_end({"demo": DEMO, "spoilt": folder})

    assert code == 1 and "--model spoilt" in output.splitlines()[-1], output
