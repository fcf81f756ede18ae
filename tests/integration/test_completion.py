"""`limpid completion` and `limpid man`: the scripts in the shells that read them, the page in man and groff."""

import os
import re
import shutil
import subprocess

import pytest

from support.cli import limpid
from support.server import binary

COMPLETE = """
source <("$1" completion bash)
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
_limpid
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words, cwd=None) -> list:
    """What bash offers in place of the last word."""
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", binary("limpid"), "limpid", *words], text=True, cwd=cwd,
                          capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split("\n")[:-1]


def options_in_help(command):
    text = limpid(command, "--help").stdout
    return set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.M))


def commands_in_help():
    return re.search(r"Subcommands:\n((?:  .*\n)+)", limpid("--help").stdout).group(1)


def test_every_command_and_every_option_of_each_is_offered():
    commands = set(re.findall(r"^  ([a-z]+) ", commands_in_help(), re.M))
    assert {"explain", "compare", "attack", "completion"} <= commands
    assert set(completed("")) == commands | {"-h", "--help", "--version"}
    for command in commands:
        assert options_in_help(command) and options_in_help(command) <= set(completed(command, "--")), command


def test_a_beginning_is_gone_on_with():
    assert completed("expl") == ["explain"]
    assert completed("explain", "--gran") == ["--granularity"]
    assert completed("completion", "z") == ["zsh"]
    assert completed("nonsense", "--") == [""]


def test_methods_are_completed_in_a_comma_list():
    assert completed("explain", "text", "--method", "hot") == ["hot_flip"]
    assert completed("compare", "text", "--method", "lime,kernel") == ["lime,kernel_shap"]
    assert completed("explain", "text", "--method", "=", "hot") == ["hot_flip"]
    assert "lime" in completed("explain", "text", "--method", "=")


def test_files_are_offered_where_a_file_is_meant(tmp_path):
    (tmp_path / "my letters.csv").write_text("text\n")
    (tmp_path / "other").write_text("")
    assert completed("batch", "my", cwd=tmp_path) == ["my letters.csv"]
    assert completed("attack", "--file", "oth", cwd=tmp_path) == ["other"]
    assert completed("attack", "--target", "oth", cwd=tmp_path) == [""]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh here")
def test_zsh_can_read_its_script(tmp_path):
    script = tmp_path / "script"
    script.write_text(limpid("completion", "zsh").stdout)
    read = subprocess.run(["zsh", "-f", "-c", f"autoload -U compinit; compinit -u -D; source {script}; whence -w _limpid"],
                          text=True, capture_output=True, timeout=60)
    assert read.stdout == "_limpid: function\n" and not read.stderr, read.stderr


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
@pytest.mark.parametrize("line, offered", [("expl", ["explain"]), ("explain --gran", ["--granularity"]),
                                           ("compare text --method lime,kernel", ["lime,kernel_shap"]),
                                           ("completion ", ["bash", "fish", "zsh"])])
def test_fish_completes_by_its_script(line, offered, tmp_path):
    script = tmp_path / "script"
    script.write_text(limpid("completion", "fish").stdout)
    done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C 'limpid {line}'"], text=True,
                          capture_output=True, timeout=60)
    assert [answer.split("\t")[0] for answer in done.stdout.splitlines()] == offered and not done.stderr


def test_a_shell_it_does_not_know_ends_with_2():
    done = limpid("completion", "tcsh")
    assert done.returncode == 2 and not done.stdout and "tcsh" in done.stderr


@pytest.mark.parametrize("checker", [("groff", "-man", "-Tutf8", "-ww"), ("mandoc", "-T", "lint", "-W", "warning"),
                                     ("man", "--warnings", "-l")], ids=lambda checker: checker[0])
def test_the_manual_page_is_read_without_a_warning(checker, tmp_path):
    if shutil.which(checker[0]) is None:
        pytest.skip(f"there is no {checker[0]} here")
    page = tmp_path / "limpid.1"
    page.write_text(limpid("man").stdout, encoding="ascii")
    done = subprocess.run([*checker, page], text=True, capture_output=True, timeout=60,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANWIDTH": "80"})
    assert done.returncode == 0 and not done.stderr, done.stderr
    if checker[0] == "mandoc":
        return
    read = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
    for command in re.findall(r"^  ([a-z]+) ", commands_in_help(), re.M):
        assert f"limpid {command}\n" in read
        assert options_in_help(command) <= set(re.findall(r"--[a-z-]+", read)), command
    for words in ("LIMPID_SERVER", "NO_COLOR", "EXIT STATUS", "command line not understood",
                  "source <(limpid completion bash)"):
        assert words in read
