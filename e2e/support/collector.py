"""An OTLP/HTTP receiver that prints each span as a line of JSON. It runs in a pod of an image of the services."""

import gzip
import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from werkzeug import Request, Response
from werkzeug.serving import run_simple

PORT = 4318


@Request.application
def receive(request: Request) -> Response:
    """Print the spans that came."""
    body = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = [entry.value.string_value for entry in resource.resource.attributes if entry.key == "service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            line = {
                "service": names[0],
                "name": span.name,
                "trace": span.trace_id.hex(),
                "span": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
            }
            # In one piece: several threads print.
            print(json.dumps(line) + "\n", end="", flush=True)
    return Response()


if __name__ == "__main__":
    run_simple("0.0.0.0", PORT, receive, threaded=True)  # noqa: S104 (a pod)
