"""``python -m shopkit`` as a person or a Job calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from shopkit import commands
from shopkit.__main__ import main
from shopkit.openapi import describe, to_yaml
from shopkit.service import Service
from shopkit.testing.postgres import Templates
from shopkit.testing.process import subprocess_environ


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopkit", *arguments],
        env=subprocess_environ(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_migrate_tells_what_it_did(database_templates: Templates, database_url: str) -> None:
    owner = database_templates.owner_url(database_url, "demo")
    done = run("migrate", "demo", DATABASE_URL=owner, DATABASE_RUNTIME_ROLE="demo")
    assert (done.returncode, done.stdout, done.stderr) == (0, "demo: nothing to apply\n", "")


def test_migrate_by_the_wrong_role_fails_with_a_sentence(database_url: str) -> None:
    done = run("migrate", "demo", DATABASE_URL=database_url, DATABASE_RUNTIME_ROLE="demo")
    assert done.returncode == 2
    assert done.stderr.startswith("demo: InsufficientPrivilege: permission denied")
    assert "Traceback" not in done.stderr


def test_migrate_without_a_database_says_so_and_hides_the_password() -> None:
    done = run("migrate", "demo", DATABASE_URL="postgresql://a:hidden@127.0.0.1:9/d", DATABASE_CONNECT_SECONDS="0")
    assert done.returncode == 2
    assert "demo: OperationalError: " in done.stderr
    assert "Connection refused" in done.stderr
    assert "hidden" not in done.stderr


def test_a_missing_variable_is_named() -> None:
    done = run("migrate", "demo")
    assert done.returncode == 2
    assert done.stderr.startswith("demo: the environment is not right:\n  DATABASE_URL is not set")


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_a_server_says_in_its_log_which_variable_is_missing(server: str) -> None:
    done = run("serve", "demo", HTTP_PORT="0", METRICS_PORT="0", SHOP="corner", SERVER=server)
    assert (done.returncode != 0, done.stderr) == (True, "")
    first = json.loads(done.stdout.splitlines()[0])
    assert (first["level"], first["event"], first["shop"]) == ("critical", "the service cannot start", "corner")
    assert "\n  DATABASE_URL is not set" in first["cause"]
    assert all(json.loads(line)["level"] in ("error", "critical", "warning") for line in done.stdout.splitlines())
    assert "Traceback" not in done.stdout


def test_a_wrong_server_setting_is_named() -> None:
    done = run("serve", "demo", SERVER="uwsgi")
    [line] = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (2, "")
    fault = "SERVER='uwsgi' must be one of granian, gunicorn"
    assert json.loads(line)["cause"] == f"the environment is not right:\n  {fault}"


def test_an_unknown_service_is_named() -> None:
    done = run("openapi", "nonsense")
    assert (done.returncode, done.stderr) == (2, "nonsense: No module named 'nonsense'\n")


def test_openapi_and_settings_are_printed(service: Service[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", "demo"]) == 0
    assert capsys.readouterr().out == to_yaml(describe(service))
    assert main(["settings", "demo"]) == 0
    assert "| `INTERNAL_TOKEN` | required | Token that the services of a shop share. |" in capsys.readouterr().out


def test_every_command_is_there() -> None:
    assert set(commands.COMMANDS) == {"serve", "migrate", "openapi", "settings"}
