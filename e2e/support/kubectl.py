"""kubectl as a platform engineer types it, bound to one context and namespace."""

import json
import os
import subprocess
from dataclasses import dataclass, replace
from typing import Any

Object = dict[str, Any]

DEFAULT_CONTEXT = "kind-shopkeeper"


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl against one context.

    Attributes:
        context: The kubeconfig context.
        namespace: The namespace of every call; empty for calls that name one themselves.
        kubeconfig: The file; empty means the user's own.
    """

    context: str = os.environ.get("CLUSTER") or DEFAULT_CONTEXT
    namespace: str = ""
    kubeconfig: str = ""

    def within(self, namespace: str) -> "Kubectl":
        """Return the same kubectl for another namespace."""
        return replace(self, namespace=namespace)

    def command(self, *args: str) -> list[str]:
        """Return the whole command line of a call."""
        scope = ["--namespace", self.namespace] if self.namespace else []
        file = ["--kubeconfig", self.kubeconfig] if self.kubeconfig else []
        return ["kubectl", *file, "--context", self.context, *scope, *args]

    def run(self, *args: str, stdin: str | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a call and return its result, failed or not."""
        return subprocess.run(
            self.command(*args), input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )

    def __call__(self, *args: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run a call and return what it prints.

        Raises:
            AssertionError: kubectl exited with an error; its message is in the text.
        """
        done = self.run(*args, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stderr.strip()}"
        return done.stdout

    def get(self, kind: str, name: str) -> Object:
        """Return one object."""
        found: Object = json.loads(self("get", kind, name, "-o", "json"))
        return found

    def find(self, kind: str, name: str) -> Object | None:
        """Return one object, or None where there is none of that name."""
        text = self("get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text else None

    def list(self, kinds: str, selector: str = "") -> list[Object]:
        """Return all objects of the kinds (comma-separated) that match a label selector."""
        items: list[Object] = json.loads(self("get", kinds, "-o", "json", "-l", selector))["items"]
        return items

    def apply(self, *objects: Object) -> None:
        """Apply objects, as `kubectl apply -f` does."""
        self("apply", "-f", "-", stdin="\n---\n".join(json.dumps(item) for item in objects))

    def patch(self, kind: str, name: str, change: Object) -> None:
        """Merge a change into an object, as a person who edits it by hand."""
        self("patch", kind, name, "--type=merge", "-p", json.dumps(change))

    def metrics(self) -> str:
        """Return the API server's own metrics in the Prometheus text format."""
        return self("get", "--raw", "/metrics")
