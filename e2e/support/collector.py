"""An OTLP/HTTP receiver that prints each span as a line of JSON. It runs in a pod of an image of the services."""

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PORT = 4318


class Receiver(BaseHTTPRequestHandler):
    """Takes `POST /v1/traces`."""

    def do_POST(self) -> None:
        """Print what came."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    line = {
                        "service": names[0] if names else "",
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "span": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                    }
                    print(json.dumps(line), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing but spans."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", PORT), Receiver).serve_forever()
