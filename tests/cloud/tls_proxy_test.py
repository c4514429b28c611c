"""The proxy's HTTP, where clients differ."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest
import trustme

from tests.cloud.tls_proxy import Answer, NoAnswerError, TlsProxy

HOST = "www.googleapis.com"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@contextlib.contextmanager
def serving(authority, respond):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    proxy = TlsProxy(tls, respond)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
    assert proxy.failures == []


@contextlib.contextmanager
def connected(authority, proxy):
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    with socket.create_connection(proxy.server_address, timeout=10) as plain:
        plain.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert plain.recv(99) == b"HTTP/1.1 200 OK\r\n\r\n"
        with tls.wrap_socket(plain, server_hostname=HOST) as connection:
            yield connection


def received(connection, end):
    text = b""
    while not text.endswith(end):
        part = connection.recv(99)
        assert part, text
        text += part
    return text


def test_chunks_win_over_a_content_length(authority):
    def respond(request):
        return Answer(200, request.host.encode() + b" got " + request.body)

    head = (
        b"PUT /o HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    with serving(authority, respond) as proxy:
        with connected(authority, proxy) as connection:
            # Twice: the connection stays in step and open.
            for _ in range(2):
                connection.sendall(head)
                received(connection, b"100 Continue\r\n\r\n")
                connection.sendall(b"4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n")
                received(connection, b"www.googleapis.com got abcdef")


def test_no_answer_closes_the_connection(authority):
    def respond(request):
        raise NoAnswerError

    with serving(authority, respond) as proxy:
        with connected(authority, proxy) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(99) == b""


def test_stop_breaks_open_connections(authority):
    with serving(authority, lambda request: Answer(200)) as proxy:
        with connected(authority, proxy) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            received(connection, b"\r\n\r\n")
            threading.Thread(target=proxy.stop).start()
            with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
                assert connection.recv(99) == b""
        with pytest.raises(ConnectionError):
            socket.create_connection(proxy.server_address, timeout=10)


def test_an_error_of_the_server_is_kept(authority):
    def respond(request):
        raise LookupError("a mistake")

    with pytest.raises(AssertionError, match="a mistake"):
        with serving(authority, respond) as proxy:
            with connected(authority, proxy) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert connection.recv(99) == b""
