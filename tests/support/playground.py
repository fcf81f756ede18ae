"""What a browser, or anything else that speaks HTTP, says to a server's playground."""

import contextlib
import http.client
import json

JSON = {"Content-Type": "application/json"}


def playground_port(server) -> int:
    """Of a Server that was started with --playground."""
    addresses = [line["address"] for line in server.log_lines() if line["message"] == "playground"]
    return int(addresses[0].rsplit(":")[-1])


class Visitor:
    def __init__(self, server):
        self.port = playground_port(server)

    @contextlib.contextmanager
    def open(self, method, path, body=None, headers=None):
        """The response, of which nothing has been read but its head."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = json.dumps(body) if isinstance(body, dict) else body
            connection.request(method, path, body, JSON | (headers or {}) if body is not None else headers or {})
            with connection.getresponse() as response:  # keeps the connection open by itself
                yield response
        finally:
            connection.close()

    def status(self, *arguments, **named):
        """(HTTP status, text)"""
        with self.open(*arguments, **named) as response:
            return response.status, response.read().decode()

    def parts(self, path, body=None, **headers) -> list:
        """What a stream had, without its blank lines."""
        with self.open("GET" if body is None else "POST", path, body, headers) as response:
            assert response.status == 200, response.read()
            return [json.loads(line) for line in response if line.strip()]
