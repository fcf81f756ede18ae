"""`limpid batch`: a file of texts into a file of answers, whatever ends the process on the way."""

import csv
import json
import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest

from support.cli import limpid
from support.server import binary, free_port

TEXTS = [f"Loan {number} was repaid in full in {1900 + number}, but two payments were missed." for number in range(300)]


@pytest.fixture
def batch(server):
    def command(*arguments, **options):
        return limpid("batch", *arguments, "--server", server.address, "--model", "demo", **options)

    return command


def write_jsonl(path, texts):
    path.write_text("".join(json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(texts)))
    return path


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def assert_same(first, second):
    """Floats may differ in their last digits: batches do."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_same(first[key], second[key])
    elif isinstance(first, list):
        assert len(first) == len(second)
        for one, other in zip(first, second):
            assert_same(one, other)
    elif isinstance(first, float):
        assert first == pytest.approx(second, rel=1e-4, abs=1e-6)
    else:
        assert first == second


def test_a_run_that_was_killed_three_times_has_the_lines_of_one_that_was_not(batch, server, tmp_path):
    texts = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    arguments = ("--method", "integrated_gradients", "--granularity", "word")
    assert batch(texts, "--output", whole, *arguments).returncode == 0

    done, rng = 0, random.Random(1)
    for _ in range(3):
        process = subprocess.Popen([binary("limpid"), "batch", texts, "-o", broken, "--server", server.address, "--model",
                                    "demo", *arguments], stdout=subprocess.DEVNULL)
        enough = done + rng.randint(5, 60)
        while not broken.exists() or broken.read_bytes().count(b"\n") < enough:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
        process.kill()
        process.wait()
        done = broken.read_bytes().count(b"\n")
    with broken.open("a") as torn:
        torn.write('{"index":')
    last = batch(texts, "--output", broken, *arguments, "--json")

    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout)["done_before"] == done
    assert [line["id"] for line in lines_of(broken)] == [f"t{i}" for i in range(len(TEXTS))]
    assert_same(lines_of(broken), lines_of(whole))


def arrays_of(folder):
    return {path.name: dict(np.load(path)) for path in sorted(folder.iterdir())}


def test_arrays_are_those_of_explain_and_of_the_line(batch, server, tmp_path):
    path, out, folder = tmp_path / "texts.jsonl", tmp_path / "out.jsonl", tmp_path / "arrays"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in [TEXTS[0], "", TEXTS[1]]))
    options = ("--method", "saliency,gradient_x_input", "--granularity", "word", "--attention", "all")

    assert batch(path, "-o", out, "--npz", folder, *options).returncode == 6

    found, lines = arrays_of(folder), lines_of(out)
    assert list(found) == ["000000000.npz", "000000002.npz"], "none of the text that failed"
    assert "attention" not in lines[0]
    for index, name in ((0, "000000000.npz"), (2, "000000002.npz")):
        for i, attribution in enumerate(lines[index]["attributions"]):
            assert found[name][f"scores.{i}.{attribution['method']}"].tolist() == pytest.approx(attribution["scores"])
        assert found[name]["logits"].tolist() == pytest.approx(lines[index]["prediction"]["logits"])
    alone = tmp_path / "alone.npz"
    assert limpid("explain", TEXTS[1], "--npz", alone, *options, "--model", "demo", "--server", server.address).returncode == 0
    expected = dict(np.load(alone))
    assert expected.keys() == found["000000002.npz"].keys() and "attention.0" in expected
    for name, values in expected.items():
        if name != "info":  # it has timings
            np.testing.assert_array_equal(found["000000002.npz"][name].shape, values.shape)
            if values.dtype.kind == "f":
                np.testing.assert_allclose(found["000000002.npz"][name], values, rtol=1e-4, atol=1e-6)
            else:
                np.testing.assert_array_equal(found["000000002.npz"][name], values)


def test_arrays_of_a_killed_run_are_gone_on_with(batch, server, tmp_path):
    texts, out, folder = write_jsonl(tmp_path / "texts.jsonl", TEXTS), tmp_path / "out.jsonl", tmp_path / "arrays"
    arguments = (texts, "-o", out, "--npz", folder, "--method", "integrated_gradients")
    process = subprocess.Popen([binary("limpid"), "batch", *arguments, "--server", server.address, "--model", "demo"],
                               stdout=subprocess.DEVNULL)
    while not out.exists() or out.read_bytes().count(b"\n") < 20:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    process.wait()
    done = out.read_bytes().count(b"\n")
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz") if int(path.stem) < done}
    assert len(before) == done < len(TEXTS), "a line's arrays are there before it"
    (folder / f"{done:09}.npz.1.part").write_bytes(b"torn")

    assert batch(*arguments).returncode == 0

    assert {path: path.stat().st_mtime_ns for path in before} == before, "what is done is not done again"
    assert list(arrays_of(folder)) == [f"{index:09}.npz" for index in range(len(TEXTS))]
    for line, arrays in zip(lines_of(out), arrays_of(folder).values()):
        assert arrays["scores.0.integrated_gradients"].tolist() == pytest.approx(line["attributions"][0]["scores"])


def test_arrays_that_cannot_be_kept_end_the_run(batch, tmp_path):
    texts, out, folder = write_jsonl(tmp_path / "texts.jsonl", TEXTS[:5]), tmp_path / "out.jsonl", tmp_path / "arrays"
    for name in range(5):
        (folder / f"{name:09}.npz").mkdir(parents=True)  # no file can take its place
    done = batch(texts, "-o", out, "--npz", folder)
    assert done.returncode == 5 and "cannot write" in done.stderr and lines_of(out) == []
    assert batch(texts, "-o", out, "--npz", folder, "--predict").returncode == 2
    assert batch(texts, "-o", tmp_path / "other.jsonl", "--npz", texts).returncode == 5


def test_a_line_has_what_explain_says(batch, server, tmp_path):
    texts, out = write_jsonl(tmp_path / "texts.jsonl", TEXTS[:3]), tmp_path / "out.jsonl"

    assert batch(texts, "-o", out, "--method", "saliency", "--granularity", "word").returncode == 0

    answer = json.loads(limpid("explain", TEXTS[1], "--granularity", "word", "--json", "--model", "demo", "--server",
                               server.address).stdout)
    line = lines_of(out)[1]
    attribution = line["attributions"][0]
    assert (line["index"], line["id"], attribution["method"]) == (1, "t1", "saliency")
    assert "payments" in attribution["pieces"]
    for piece, begin, end in zip(attribution["pieces"], attribution["begin_char"], attribution["end_char"]):
        assert begin == end or TEXTS[1][begin:end] == piece
    assert attribution["scores"] == pytest.approx(answer["attributions"][0]["scores"], rel=1e-4)


def test_a_bad_text_is_a_line_and_not_the_end(batch, tmp_path):
    path, out = tmp_path / "texts.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"text": "fine"}\nnot json\n{"txt": 1}\n\n{"text": ""}\n'
                    + json.dumps({"text": "too long " * 300}) + '\n{"text": "fine too"}')

    done = batch(path, "-o", out)

    assert done.returncode == 6
    lines = lines_of(out)
    assert [line["index"] for line in lines] == list(range(6))
    assert ["error" in line for line in lines] == [False, True, True, True, True, False]
    assert "line 2" in lines[1]["error"]["message"]
    assert {line["error"]["code"] for line in lines[1:5]} == {"INVALID_ARGUMENT"}
    again = batch(path, "-o", out)
    assert again.returncode == 6 and "6 texts, 4 failed" in again.stdout


def test_corner_cases_of_csv(batch, tmp_path):
    path, out = tmp_path / "texts.csv", tmp_path / "out.jsonl"
    texts = ['She said "no",\nand paid.', "Zoë, in Kraków", "plain"]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "body"])
        writer.writerows(enumerate(texts))
    with path.open("a") as file:
        file.write("3,a comma, outside of quotes\n")

    done = batch(path, "-o", out, "--text-column", "body", "--id-column", "key", "--drop-special-tokens")

    assert done.returncode == 6
    lines = lines_of(out)
    assert [line.get("id") for line in lines] == ["0", "1", "2", None]
    assert "header has 2" in lines[3]["error"]["message"]
    for line, text in zip(lines, texts):
        attribution = line["attributions"][0]
        assert text[attribution["begin_char"][0]:attribution["end_char"][-1]] == text
    unknown = batch(path, "-o", tmp_path / "other.jsonl")
    assert unknown.returncode == 2 and 'no column "text"' in unknown.stderr


@pytest.mark.parametrize("change, words", [
    (("--method", "gradient_x_input"), "another request"), (("--predict",), "another predict")])
def test_other_options_are_refused_on_the_way(batch, tmp_path, change, words):
    texts, out = write_jsonl(tmp_path / "texts.jsonl", TEXTS[:5]), tmp_path / "out.jsonl"
    assert batch(texts, "-o", out).returncode == 0
    before = out.read_bytes()

    done = batch(texts, "-o", out, *change)

    assert done.returncode == 2 and words in done.stderr
    assert out.read_bytes() == before
    assert batch(texts, "-o", out, *change, "--overwrite").returncode == 0


def test_another_input_is_refused(batch, tmp_path):
    texts, out = write_jsonl(tmp_path / "texts.jsonl", TEXTS[:5]), tmp_path / "out.jsonl"
    assert batch(texts, "-o", out).returncode == 0
    write_jsonl(texts, TEXTS[1:6])
    done = batch(texts, "-o", out)
    assert done.returncode == 2 and "another input" in done.stderr


def test_texts_come_from_standard_input_once(batch, tmp_path):
    out = tmp_path / "out.jsonl"
    text = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS[:4])
    assert batch("-", "-o", out, "--format", "jsonl", "--predict", stdin=text).returncode == 0
    assert all(line["prediction"]["label"] in ("declined", "approved") for line in lines_of(out))
    assert len(lines_of(out)) == 4
    done = batch("-", "-o", out, "--format", "jsonl", "--predict", stdin=text)
    assert done.returncode == 2 and "standard input" in done.stderr


def test_a_signal_ends_it_with_whole_lines(server, batch, tmp_path):
    texts, out = write_jsonl(tmp_path / "texts.jsonl", TEXTS), tmp_path / "out.jsonl"
    arguments = ("--method", "integrated_gradients")
    process = subprocess.Popen([binary("limpid"), "batch", texts, "-o", out, "--server", server.address, "--model", "demo",
                                *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not out.exists() or out.read_bytes().count(b"\n") < 3:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == -signal.SIGTERM
    assert "goes on behind text" in errors
    assert out.read_bytes().endswith(b"\n") and len(lines_of(out)) < len(TEXTS)
    assert batch(texts, "-o", out, *arguments).returncode == 0
    assert len(lines_of(out)) == len(TEXTS)


def test_without_a_server_nothing_is_begun(tmp_path):
    texts, out = write_jsonl(tmp_path / "texts.jsonl", TEXTS[:2]), tmp_path / "out.jsonl"
    done = limpid("batch", texts, "-o", out, "--server", f"127.0.0.1:{free_port()}")
    assert done.returncode == 3 and not out.exists()
