"""Schemathesis against each running service: valid and invalid requests, alone and in sequences, by its API document.

Bounded, so that all services together take about a minute; with more examples, in EXPLORE_EXAMPLES, it searches longer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shopkit.openapi import describe
from shopkit.service import find_service
from shopkit.testing.logs import log_lines
from shopkit.testing.process import subprocess_environ
from shopkit.testing.tokens import INTERNAL_TOKEN

from .running_shop import SERVICES, RunningShop

HERE = Path(__file__).parent
EXAMPLES = int(os.environ.get("EXPLORE_EXAMPLES", "5"))
CONFIGURATION = """
hooks = "{hooks}"
workers = 1
request-timeout = 30

[generation]
max-examples = {examples}
deterministic = true
# PostgreSQL cannot keep it: refused everywhere, whatever a pattern allows.
allow-x00 = false

[auth.openapi.accessToken]
bearer = "{access}"

[auth.openapi.internalToken]
bearer = "{internal}"

# What the document declares for a request is allowed; what it does not, another check finds.
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "504"]

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "402", "403", "404", "409", "412", "422", "428", "504"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "415", "422", "428"]

# By RFC 6749 whatever is wrong with a grant is a 400.
[[operations]]
include-path = "/api/v1/oauth/token"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401"]

# A journal is there to outlive what it tells of.
[[operations]]
include-path = "/api/v1/inventory/{{product_id}}/movements"
checks.use_after_free.enabled = false
"""


def with_operations() -> list[str]:
    return [name for name in SERVICES if describe(find_service(name))["paths"]]


@pytest.mark.parametrize("name", with_operations())
def test_a_service_keeps_its_contract_and_its_secrets(shop: RunningShop, name: str, tmp_path: Path) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(
        CONFIGURATION.format(hooks=HERE / "hooks.py", examples=EXAMPLES, access=shop.admin, internal=INTERNAL_TOKEN)
    )
    program = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    options = ["--config-file", str(configuration), "run", f"{shop.servers[name].url}/openapi.json", "--warnings=off"]
    done = subprocess.run(
        [sys.executable, "-c", program, *options],
        env=subprocess_environ({"KNOWN_PRODUCTS": ",".join(shop.products), "HOME": str(tmp_path)}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for server in shop.servers.values():
        log_lines(server.output(), never=shop.secrets)
