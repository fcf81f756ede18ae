"""What pyproject.toml cannot say: the contract's classes are generated, and a source distribution carries the contract."""

import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent


class GenerateAndBuild(build_py):
    def run(self):
        subprocess.run([sys.executable, HERE / "generate.py"], check=True)
        super().run()


class CarryContract(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, [name for name in files if "_pb2" not in name])
        contract = HERE / "proto" if (HERE / "proto").exists() else HERE.parents[1] / "proto"
        for package in ("limpid/v1", "google/api"):
            shutil.copytree(contract / package, Path(base_dir, "proto", package), dirs_exist_ok=True)
        shutil.copy(HERE / "generate.py", base_dir)


setup(cmdclass={"build_py": GenerateAndBuild, "sdist": CarryContract})
