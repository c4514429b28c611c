"""A stand-in for the server of a task."""

import socket
import threading


class AnsweringTask:
    """Sends something on each connection, until it is told to end.

    Attributes:
      address: Its "host:port".
      was_asked: An event, set once it has answered.
    """

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.was_asked = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def end(self):
        """Ends, as its process would: the kernel closes everything."""
        if self._thread.is_alive():
            self._listener.shutdown(socket.SHUT_RDWR)
            self._thread.join()

    def _serve(self):
        try:
            while True:
                self._connections.append(self._listener.accept()[0])
                self._connections[-1].sendall(b"hello")
                self.was_asked.set()
        except OSError:  # Shut down by end().
            for opened in (*self._connections, self._listener):
                opened.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.end()
