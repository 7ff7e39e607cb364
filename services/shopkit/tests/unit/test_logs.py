"""What a process writes: every line is JSON and carries the ids; checked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, structlog
from shopkit import context, logs
logs.configure("INFO", "demo", "corner")
log = structlog.get_logger("x")
log.debug("not seen")
log.info("hello", order_id="7")
context.current.set(context.from_environ({"HTTP_X_REQUEST_ID": "r1",
    "HTTP_TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}))
logging.getLogger("library").warning("from %s", "outside")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("it failed", thing=object)
"""


def test_every_line_is_json_with_its_ids() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    hello, outside, failed = [json.loads(line) for line in done.stdout.splitlines()]
    assert hello.pop("timestamp").endswith("Z")
    assert hello == {"event": "hello", "order_id": "7", "level": "info", "service": "demo", "shop": "corner"}
    assert (outside["event"], outside["logger"], outside["level"]) == ("from outside", "library", "warning")
    assert (outside["request_id"], outside["trace_id"]) == ("r1", "0af7651916cd43dd8448eb211c80319c")
    assert "ZeroDivisionError" in failed["exception"]
    assert failed["thing"] == "<class 'object'>"
