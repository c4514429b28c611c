"""An HTTP proxy that ends the TLS of its clients and answers itself.

A client that has its address in `https_proxy` asks it to CONNECT to a host.
It agrees to each, shows a certificate for that host, and hands the requests
that follow to `respond`. Requests without CONNECT are served as they come.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import socket
import ssl
import sys
import threading
import urllib.parse
from collections.abc import Callable

_CLIENT_LEFT = (ConnectionError, ssl.SSLError, TimeoutError)


class NoAnswerError(Exception):
    """What `respond` raises to end the connection without an answer."""


@dataclasses.dataclass
class Request:
    """One request, and what became of it.

    Attributes:
        method: GET, POST, PUT or DELETE.
        host: The host that the client meant; without CONNECT, the header's.
        path: The path as sent: escapes stand as they came, no query.
        query: The query's last value for each name.
        headers: The headers, names in lower case.
        body: The body. Token requests carry secrets in it.
        identity: Whose credentials minted its token; for a token request,
            whose credentials it showed; None where that is unknown.
        is_accepted: Whether its token is one that storage takes.
        status: What it was answered; None if it got no answer (yet).
        call: What it asked of the storage API: read, list, get... Empty for
            other requests, and where a fault was planted.
        object_name: Name of the object that this call is about, or empty.
    """

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)
    identity: str | None = None
    is_accepted: bool = False
    status: int | None = None
    call: str = ""
    object_name: str = ""

    @property
    def token(self) -> str | None:
        """The bearer token, if there is one."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" and token else None

    @property
    def byte_range(self) -> tuple[int, int] | None:
        """First and last byte that a read asked for; None without Range."""
        value = self.headers.get("range")
        if value is None:
            return None
        first, _, last = value.removeprefix("bytes=").partition("-")
        return int(first), int(last) if last else sys.maxsize


@dataclasses.dataclass(frozen=True)
class Answer:
    """Status, body and further headers of an answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class TlsProxy(http.server.ThreadingHTTPServer):
    """The proxy, on a free port of 127.0.0.1, in threads.

    Args:
        tls: The server's side of TLS; its certificate must name the hosts.
        respond: Makes the answer to a request; called in many threads.
    """

    def __init__(
        self, tls: ssl.SSLContext, respond: Callable[[Request], Answer]
    ) -> None:
        self.tls = tls
        self.respond = respond
        self.failures: list[BaseException] = []
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopped = False
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self._thread = threading.Thread(
            # The poll's pace is what closing waits for.
            target=self.serve_forever,
            kwargs={"poll_interval": 0.02},
            daemon=True,
        )

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Refuses new connections and breaks the open ones."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._lock:
            self._stopped = True
            for connection in self._connections:
                _break(connection)

    def opened(self, connection: socket.socket) -> None:
        """Notes a connection that `stop` has to break, or had to."""
        with self._lock:
            self._connections.add(connection)
            if self._stopped:
                _break(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forgets that connection."""
        with self._lock:
            self._connections.discard(connection)

    def handle_error(self, request, client_address) -> None:
        """Keeps an error of the server for its owner; clients may leave."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, _CLIENT_LEFT):
            self.failures.append(error)


def _break(connection: socket.socket) -> None:
    # The client may have ended it already.
    with contextlib.suppress(OSError):
        # The plain socket's: a goodbye by TLS could wait for the client.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    # An answer's last packet shall not wait for the client's next one.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: TlsProxy
    _host: str | None = None

    def setup(self) -> None:
        """Opens the connection's files."""
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        """Closes them, and the TLS socket, which is ours alone."""
        self.server.closed(self.connection)
        with contextlib.suppress(*_CLIENT_LEFT):
            super().finish()
        self.connection.close()

    def do_CONNECT(self) -> None:
        """Turns the connection into a TLS one to the host asked for."""
        self._host = self.path.rpartition(":")[0]
        self.send_response_only(200)
        self.end_headers()
        self.wfile.flush()
        self.server.closed(self.connection)
        self.connection = self.server.tls.wrap_socket(
            self.connection, server_side=True
        )
        self.server.opened(self.connection)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")

    def do_GET(self) -> None:
        """Answers a request, as the methods below do."""
        self._answer()

    def do_POST(self) -> None:
        """Answers a request."""
        self._answer()

    def do_PUT(self) -> None:
        """Answers a request."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answers a request."""
        self._answer()

    def _answer(self) -> None:
        try:
            answer = self.server.respond(self._request())
        except NoAnswerError:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def handle_expect_100(self) -> bool:
        """Says at once that the body may come."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, format, *args) -> None:
        """Prints nothing: the requests are kept."""

    def _request(self) -> Request:
        target = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qsl(target.query, keep_blank_values=True)
        return Request(
            method=self.command,
            host=self._host or self.headers.get("Host", ""),
            path=target.path,
            query=dict(query),
            headers={k.lower(): v for k, v in self.headers.items()},
            body=self._body(),
        )

    def _body(self) -> bytes:
        # curl may send a Content-Length beside it: chunked wins.
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # Trailers.
