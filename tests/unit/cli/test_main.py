"""The command line as a whole: help, completion, exit codes, errors."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from resolute.cli import serve
from resolute.cli.app import app
from resolute.cli.main import main
from resolute.config.arguments import FLAGS

VERBS = ["serve", "check", "reload", "status", "query", "explain", "cache show", "cache flush"]
VERBS += [f"zone {verb}" for verb in ("list", "create", "show", "set", "delete", "import", "export", "check", "diff")]
VERBS += ["zone history", "zone revert", "record list", "record add", "record set", "record delete"]
VERBS += ["token list", "token create", "token revoke", "user list", "user create", "user set-password"]
VERBS += ["user set-role", "user disable", "user enable", "user delete"]


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb.split(), "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_json_everywhere(verb: str) -> None:
    command = typer.main.get_command(app)
    for word in verb.split():
        command = command.commands[word]  # type: ignore[attr-defined]
    assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("resolute ")


@pytest.mark.parametrize("argv", [["nope"], ["status", "--nope"], ["cache", "flush"], ["cache", "flush", "a", "--all"]])
def test_bad_usage(argv: list[str]) -> None:
    assert main(argv) == 2


def test_help_of_serve_has_the_flags_that_the_node_reads() -> None:
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert options == {flag.name for flag in FLAGS} | {"--config", "--json"}
    assert len(inspect.signature(serve.serve).parameters) == len(FLAGS) + 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["serve", "--listen", "x"], "resolute: --listen: 'x' has no port"),
        (["serve", "--nope"], "resolute: unrecognized arguments: --nope"),
        (["serve", "--config", "/none.toml"], "resolute: /none.toml: cannot be read"),
    ],
)
def test_wrong_settings_end_serve_at_once(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (
        ["status"],
        ["reload"],
        ["explain", "hello"],
        ["cache", "show"],
        ["cache", "flush", "--all"],
        ["zone", "list"],
        ["record", "list", "hello"],
        ["token", "list"],
        ["user", "list"],
    ):
        assert main([*verb, "--data", str(tmp_path)]) == 1
        assert "no server answers on" in capsys.readouterr().err
    assert main(["status", "--data", str(tmp_path), "--json"]) == 1
    assert "no server answers" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_completion() -> None:
    environ = {"_RESOLUTE_COMPLETE": "complete_bash", "COMP_WORDS": "resolute st", "COMP_CWORD": "1"}
    script = "from resolute.cli.main import main; import sys; sys.exit(main(['st']))"
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), **environ},
    )
    assert run.stdout.split() == ["status"]
