"""What can be seen of another task of the cluster from outside."""

from __future__ import annotations

import contextlib
import enum
import socket
import time


class Health(enum.Enum):
    """How a task was found, the last time that it was looked at."""

    # It has not answered yet: it may be starting.
    UNSEEN = "has not answered yet"
    ANSWERS = "answers"
    # Frozen, cut off, or its machine is down. It may come back.
    SILENT = "does not answer"
    # Its process has ended. If one answers there, it is a new one.
    GONE = "has ended"


class Peer:
    """Another task, looked at through its TensorFlow server.

    The server is the first to send on a new connection, so that a process
    that is frozen, for which the kernel still accepts, is told from one that
    runs. Each connection is kept until the next one: its end shows that the
    process has ended, also when its successor listens by then.

    Args:
      name: The task, for messages.
      address: Its "host:port".

    Attributes:
      name: As given.
      address: As given.
      health: As `look()` found it.
      since: When that began, on the clock `time.monotonic`.

    Raises:
      ValueError: if `address` has no port.
    """

    def __init__(self, name: str, address: str) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(
                f'The address of {name} must be "host:port". Got {address!r}.'
            )
        self.name = name
        self.address = address
        self.health = Health.UNSEEN
        self.since = time.monotonic()
        self._endpoint = host.strip("[]"), int(port)
        self._connection: socket.socket | None = None
        self._has_ended = False

    def look(self, timeout_secs: float) -> None:
        """Connects to the task and sets `health` and `since`.

        Args:
          timeout_secs: Seconds to wait for the connection, and again for what
            the server sends.
        """
        health = self._look(timeout_secs)
        if health is not self.health:
            self.health, self.since = health, time.monotonic()

    def secs(self) -> float:
        """Returns for how many seconds its health has been what it is."""
        return time.monotonic() - self.since

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self, timeout_secs: float) -> Health:
        if self._connection is not None and _is_ended(self._connection):
            self._has_ended = True
            self.close()
        if self._has_ended:
            return Health.GONE
        try:
            connection = _connect(self._endpoint, timeout_secs)
        except ConnectionError:
            unseen = self.health is Health.UNSEEN
            return Health.UNSEEN if unseen else Health.GONE
        except OSError:  # A timeout, no route, a name that is not known.
            unseen = self.health is Health.UNSEEN
            return Health.UNSEEN if unseen else Health.SILENT
        self.close()
        self._connection = connection
        return Health.ANSWERS


def _connect(endpoint: tuple[str, int], timeout_secs: float) -> socket.socket:
    """Returns a connection on which the server has sent something."""
    with contextlib.ExitStack() as undo:
        connection = socket.create_connection(endpoint, timeout_secs)
        undo.callback(connection.close)
        if not connection.recv(1):
            raise ConnectionResetError("closed before anything was sent")
        connection.setblocking(False)
        undo.pop_all()
        return connection


def _is_ended(connection: socket.socket) -> bool:
    try:
        # What the server sent since is of no interest.
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:  # Reset: as good as ended.
        return True
    return True
