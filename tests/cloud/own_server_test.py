"""Which masters are servers of this process."""

from __future__ import annotations

import socket
import subprocess
import sys

from monitored_tf.cloud import own_server

LISTEN = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
input()
"""


def test_no_address_is_this_process():
    assert own_server.is_own("")


def test_server_of_this_process(local_server):
    assert own_server.is_own(local_server.target)
    port = local_server.target.rpartition(":")[2]
    assert own_server.is_own(f"grpc://127.0.0.1:{port}")


def test_port_of_another_machine(local_server):
    port = local_server.target.rpartition(":")[2]
    # Kept for documentation: no machine's.
    assert not own_server.is_own(f"grpc://192.0.2.1:{port}")


def test_server_of_another_process():
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        port = other.stdout.readline().strip()
        assert not own_server.is_own(f"grpc://localhost:{port}")
        other.communicate("\n")


def test_a_port_where_nobody_listens():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert not own_server.is_own(f"grpc://localhost:{port}")


def test_what_is_no_address():
    assert not own_server.is_own("grpc://nowhere")
