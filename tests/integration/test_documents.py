"""What an installation has besides the program: made by it, from its tables."""

import re
import shutil
import subprocess

import pytest

from support.fixtures import require_binary
from support.pgweir import BINARY, run_once
from support.timing import scaled

PAGES = ("pgweir.1", "pgweir.yaml.5", "pgweir-console.7")


def _document(name):
    require_binary()
    answer = run_once("--document", name)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _shown(page):
    """As a reader sees it, in one line."""
    answer = subprocess.run(["man", "-l", "-Tutf8", "-E", "UTF-8", "-P", "cat", "--warnings", "-"],
                            input=page, capture_output=True, text=True, timeout=scaled(30),
                            check=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                             "MANWIDTH": "2000", "MANROFFOPT": "-c"})
    assert answer.stderr == ""
    return re.sub(r"\s+", " ", re.sub(".\b", "", answer.stdout))


# It ended with 0, and a package was built with half a page.
@pytest.mark.parametrize("arguments", [["--document", "pgweir.1"], ["--options"], ["--example"]])
def test_what_cannot_be_written_is_an_error(arguments):
    require_binary()
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, check=False,
                              timeout=scaled(20))
    assert done.returncode == 1 and b"cannot write" in done.stderr


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_shown_without_a_warning(name):
    shown = _shown(_document(name))
    assert shown.lower().startswith(f"{name.rsplit('.', 1)[0]}(")
    assert "see also" in shown.lower()


def test_each_option_is_in_the_page_of_the_configuration():
    page = _document("pgweir.yaml.5").replace("\\-", "-")
    options = re.findall(r"^\| `([^`]+)` \|", run_once("--options").stdout, re.MULTILINE)
    assert len(options) > 50
    for option in options:
        assert f".TP\n\\fB{option}\\fR\n" in page, option


def test_each_argument_is_in_the_page_of_the_program():
    page = _document("pgweir.1").replace("\\-", "-")
    arguments = re.findall(r"--[a-z][a-z-]+", run_once("--help").stdout)
    assert len(arguments) > 10
    for argument in arguments:
        assert argument in page, argument


def test_each_command_of_the_console_is_in_its_page(pgweir):
    page = _document("pgweir-console.7").replace("\\-", "-")
    with pgweir({"console": {"admin_users": "app"}}).connect("pgweir") as console:
        told = []
        console.add_notice_handler(lambda notice: told.append(notice.message_detail or
                                                              notice.message_primary))
        console.execute("show help")
    syntaxes = re.findall(r"^\t([A-Z][^\t\n]*)$", told[0], re.MULTILINE)
    names = syntaxes.pop(0).removeprefix("SHOW ").split(" | ")
    assert len(syntaxes) > 10 and len(names) > 20
    for each in syntaxes + names:
        assert f"\\fB{each}\\fR\n" in page, each


@pytest.mark.parametrize("words, completed", [
    (["--ch"], ["--check"]), (["--format", ""], ["auto", "yaml", "pgbouncer"]),
    (["--format", "y"], ["yaml"]), (["--document", "pgweir.1"], ["pgweir.1"]),
    (["-u", "roo"], ["root"]), (["--setup"], ["--setup"]), (["pgweir.y"], [])])
def test_bash_completes_arguments(words, completed):
    script = _document("pgweir.bash")
    script += f'COMP_WORDS=(pgweir {" ".join(repr(word) for word in words)})\n'
    script += f"COMP_CWORD={len(words)}\n_pgweir\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True,
                            timeout=scaled(10))
    assert answer.stderr == ""
    assert answer.stdout.split() == completed


def test_the_configuration_that_a_package_brings_has_no_problem(tmp_path):
    path = tmp_path / "pgweir.yaml"
    path.write_text(_document("pgweir.yaml"))
    answer = run_once("--check", str(path))
    assert answer.returncode == 0, answer.stderr


def test_a_name_that_is_no_document_is_refused():
    require_binary()
    answer = run_once("--document", "pgweir.2")
    assert answer.returncode == 64
    assert "pgweir.yaml.5" in answer.stderr
