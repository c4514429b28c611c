"""What a task looks like from outside."""

import socket
import threading

import pytest
import tensorflow as tf

from monitored_tf.hooks.peer import Health, Peer


class Task:
    """Stands in for a task: answers, is silent or ends, as it is told."""

    def __init__(self, port=0, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family)
        self.port = self.listener.getsockname()[1]
        self.connections = []

    def answered(self, peer):
        """Looks at it while it answers one connection."""
        thread = threading.Thread(target=self._answer)
        thread.start()
        health = looked(peer, 10)
        thread.join()
        return health

    def _answer(self):
        self.connections.append(self.listener.accept()[0])
        self.connections[-1].sendall(b"hello")

    def end(self):
        for opened in (*self.connections, self.listener):
            opened.close()


@pytest.fixture
def task():
    task = Task()
    yield task
    task.end()


@pytest.fixture
def peer(task):
    peer = Peer("worker 1", f"127.0.0.1:{task.port}")
    yield peer
    peer.close()


def looked(peer, timeout_secs=0.2):
    peer.look(timeout_secs)
    return peer.health


def test_a_server_of_tensorflow_answers():
    server = tf.distribute.Server.create_local_server()
    peer = Peer("worker 1", server.target.removeprefix("grpc://"))
    assert looked(peer, 10) is Health.ANSWERS
    assert looked(peer, 10) is Health.ANSWERS
    peer.close()


def test_a_task_that_never_answered_may_be_starting(task, peer):
    assert looked(peer) is Health.UNSEEN
    task.end()
    assert looked(peer) is Health.UNSEEN


def test_a_task_that_accepts_and_does_not_answer_any_more_is_silent(task, peer):
    assert task.answered(peer) is Health.ANSWERS
    assert looked(peer) is Health.SILENT
    assert looked(peer) is Health.SILENT


def test_a_silent_task_may_come_back(task, peer):
    task.answered(peer)
    looked(peer)
    # That look's connection is still in the queue.
    task.listener.accept()[0].close()
    assert task.answered(peer) is Health.ANSWERS


def test_a_task_that_ended_is_gone(task, peer):
    task.answered(peer)
    task.end()
    assert looked(peer) is Health.GONE


def test_a_task_in_place_of_one_that_ended_is_another_one(task, peer):
    task.answered(peer)
    task.end()
    successor = Task(task.port)
    assert looked(peer) is Health.GONE
    assert looked(peer) is Health.GONE
    successor.end()


def test_a_task_whose_connection_is_reset_is_gone(task, peer):
    task.answered(peer)
    linger_on_for_no_time = b"\1\0\0\0\0\0\0\0"
    task.connections[0].setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, linger_on_for_no_time
    )
    task.connections[0].close()
    assert looked(peer) is Health.GONE


def test_a_task_without_listener_whose_process_lives_may_come_back(task, peer):
    task.answered(peer)
    task.listener.close()
    assert looked(peer) is Health.GONE
    task.listener = socket.create_server(("127.0.0.1", task.port))
    assert task.answered(peer) is Health.ANSWERS


def test_a_name_that_is_not_known_is_no_error():
    peer = Peer("worker 1", "no-such-host.invalid:1")
    assert looked(peer) is Health.UNSEEN


def test_the_time_of_a_health_begins_when_it_changes(task, peer):
    task.answered(peer)
    since = peer.since
    task.answered(peer)
    assert peer.since == since
    looked(peer)
    assert peer.since > since


def test_closing_leaves_no_connection(task, peer):
    task.answered(peer)
    peer.close()
    # What it had not read resets the connection.
    with pytest.raises(ConnectionResetError):
        task.connections[0].recv(1)


@pytest.mark.parametrize("address", ["", "host", ":1", "host:", "host:grpc"])
def test_an_address_has_a_host_and_a_port(address):
    with pytest.raises(ValueError, match='must be "host:port"'):
        Peer("worker 1", address)


def test_an_address_of_ip_6_stands_in_brackets():
    task = Task(host="::1")
    peer = Peer("worker 1", f"[::1]:{task.port}")
    assert task.answered(peer) is Health.ANSWERS
    peer.close()
    task.end()
