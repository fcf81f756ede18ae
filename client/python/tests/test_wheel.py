"""What pip installs: a wheel made from the source distribution made from the source tree."""

import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from conftest import PACKAGE, REPO


def build(kind, folder, out):
    """As pip calls it, with what is installed here."""
    command = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(out)!r}))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    tree = out / "repository" / "client" / "python"
    shutil.copytree(PACKAGE, tree, ignore=shutil.ignore_patterns("*_pb2*", "build", "*.egg-info", "__pycache__", "tests"))
    shutil.copytree(REPO / "proto", out / "repository" / "proto")
    sources = build("sdist", tree, out)
    with tarfile.open(sources) as archive:
        archive.extractall(out, filter="data")
    return build("wheel", out / sources.name.removesuffix(".tar.gz"), out)


def test_a_wheel_has_the_package_its_types_and_the_generated_classes(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name == "limpid_client-0.1.0-py3-none-any.whl"
    ours = {f"limpid/{path.name}" for path in (PACKAGE / "src" / "limpid").iterdir() if path.is_file()}
    generated = {f"limpid/v1/{name}" for name in
                 ("__init__.py", "explain_pb2.py", "explain_pb2.pyi", "explain_pb2_grpc.py", "model_pb2.py", "model_pb2.pyi")}
    assert ours | generated == {name for name in names if ".dist-info/" not in name}


def test_it_can_be_imported_without_pandas_and_torch(wheel):
    command = ("import sys, limpid, limpid.captum; from limpid.v1 import explain_pb2_grpc; "
               "print(limpid.__file__, sorted({'pandas', 'torch'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", command], env={"PYTHONPATH": str(wheel)}, capture_output=True, text=True)
    assert done.stdout.split() == [f"{wheel}/limpid/__init__.py", "[]"], done.stderr
