"""The style sheet and the icon: in memory, compressed once, under names that change with their content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, request

_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_FOLDER = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    compressed: bytes
    content_type: str
    tag: str


class Assets:
    """All files of the folder `static`."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._files: dict[str, Asset] = {}
        self._names: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            body = path.read_bytes()
            tag = hashlib.sha256(body).hexdigest()[:16]
            name = f"{path.stem}.{tag}{path.suffix}"
            self._names[path.name] = name
            self._files[name] = Asset(body, gzip.compress(body, 9, mtime=0), _TYPES[path.suffix], tag)

    def address(self, name: str) -> str:
        """Return the address of a file, which holds its hash."""
        return f"/static/{self._names[name]}"

    def blueprint(self) -> Blueprint:
        """Return the route that serves them."""
        made = Blueprint("assets", __name__)

        @made.get("/static/<name>")
        def serve(name: str) -> Response:
            asset = self._files.get(name)
            if asset is None:
                abort(404)
            squeezed = request.accept_encodings.best_match(("gzip", "identity"), "identity") == "gzip"
            response = Response(asset.compressed if squeezed else asset.body, content_type=asset.content_type)
            if squeezed:
                response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
            # The name is the content's: whatever a browser has under it stays right for ever.
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
            response.set_etag(f"{asset.tag}-gz" if squeezed else asset.tag)
            response.make_conditional(request)
            return response

        return made
