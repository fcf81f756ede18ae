"""limpid.parquet: a Parquet file into a folder of parts, whatever ends the process on the way."""

import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import PACKAGE

TEXTS = [f"Loan {number} was repaid in full in {1900 + number}, but two payments were missed." for number in range(200)]


def limpid_parquet(*arguments, **environment):
    return [sys.executable, "-m", "limpid.parquet", *map(str, arguments)], {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE / "src"), os.environ.get("PYTHONPATH", "")]), **environment}


def run(*arguments, **environment):
    command, variables = limpid_parquet(*arguments, **environment)
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)


def test_without_pyarrow_it_says_what_to_install(tmp_path):
    (tmp_path / "pyarrow.py").write_text("raise ImportError('hidden')\n")
    done = run("in.parquet", tmp_path / "out", PYTHONPATH=os.pathsep.join([str(tmp_path), str(PACKAGE / "src")]))
    assert done.returncode == 2 and "limpid-client[parquet]" in done.stderr


@pytest.fixture
def pq():
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (client/python/README.md, Working on it)")


@pytest.fixture
def write(pq, tmp_path):
    import pyarrow as pa

    def table(texts, **columns):
        path = tmp_path / "letters.parquet"
        pq.write_table(pa.table({"id": range(len(texts)), "body": pa.array(texts, pa.string()), **columns}), path,
                       row_group_size=70)
        return path

    return table


def test_rows_keep_their_columns_and_gain_what_explain_says(pq, write, client, server, text, tmp_path):
    source = write([text, "", None, "Savings grew."])
    done = run(source, tmp_path / "out", "--text-column", "body", "--server", server.address, "--model", "demo",
               "--granularity", "word", "--method", "integrated_gradients", "--option", "steps=8")
    assert done.returncode == 6 and "2 texts failed" in done.stderr, done.stderr

    rows = pq.read_table(tmp_path / "out").to_pylist()
    assert [row["id"] for row in rows] == [0, 1, 2, 3] and [row["body"] for row in rows] == [text, "", None, "Savings grew."]
    from limpid import Method
    alone = client.explain(text, model="demo", methods=Method("integrated_gradients", steps=8), granularity="word")
    assert rows[0]["label"] == alone.prediction.label and rows[0]["pieces"] == list(alone[0].pieces)
    assert rows[0]["scores"] == pytest.approx(alone[0].scores.tolist(), rel=1e-4)
    assert [row["error"] is None for row in rows] == [True, False, False, True]
    assert rows[1]["scores"] == [] and rows[1]["label"] is None


def test_a_run_that_was_killed_goes_on_behind_its_last_part(pq, write, server, tmp_path):
    source, out = write(TEXTS), tmp_path / "out"
    arguments = (source, out, "--text-column", "body", "--server", server.address, "--model", "demo", "--rows-per-part", 16)
    command, variables = limpid_parquet(*arguments)
    process = subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL)
    while len(list(out.glob("part-*.parquet"))) < 3:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("part-*.parquet")}
    assert sum(len(pq.read_table(path)) for path in kept) < len(TEXTS)

    done = run(*arguments)

    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    rows = pq.read_table(out)
    assert rows.column("id").to_pylist() == list(range(len(TEXTS))) and rows.column("error").null_count == len(TEXTS)
    again = run(*arguments)
    assert again.returncode == 0 and "texts" not in again.stderr


def test_another_run_is_refused_its_folder(write, server, tmp_path):
    source, out = write(TEXTS[:3]), tmp_path / "out"
    arguments = (source, out, "--text-column", "body", "--server", server.address, "--model", "demo")
    assert run(*arguments).returncode == 0
    other = run(*arguments, "--method", "gradient_x_input")
    assert other.returncode == 2 and "another method" in other.stderr
    write(TEXTS[:4])
    assert "another input_sha256" in run(*arguments).stderr


def test_what_cannot_be_is_refused(write, server, tmp_path):
    source = write(TEXTS[:2], label=["a", "b"])
    arguments = (source, tmp_path / "out", "--server", server.address, "--model", "demo")
    assert "no column 'text'; there are id, body, label" in run(*arguments).stderr
    taken = run(*arguments, "--text-column", "body")
    assert taken.returncode == 2 and "names itself: label" in taken.stderr
    assert run(*arguments, "--text-column", "body", "--prefix", "limpid_").returncode == 0
