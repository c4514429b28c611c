"""The gs:// server in a process of its own, steered by a program.

TensorFlow holds Python's lock while it writes some files: a server in threads
of the same process would wait for it, and it for the server.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from multiprocessing.managers import BaseManager

from tests.cloud.gcs_server import GcsServer


class SteeredServer(GcsServer):
    """The server, with methods for what a program needs: no attributes."""

    def open(self, owners):
        """Starts it, with a bucket of some owners that holds files."""
        self.__enter__()
        bucket = self.make_bucket("private", owners)
        for name in ("file", "again", "later"):
            self.storage.put(bucket, name, b"content")

    def close(self):
        """Ends it."""
        self.__exit__(None, None, None)

    def put(self, name, data):
        """Stores a file in the bucket."""
        self.storage.put(self.storage.buckets["private"], name, data)

    def objects(self):
        """The files of the bucket, with what they hold."""
        stored = self.storage.buckets["private"].objects
        return {name: stored[name].data for name in stored}

    def seen(self, since=0):
        """The requests that came, from one on."""
        return self.requests[since:]

    def set_issuer(self, name, value):
        """Sets an attribute of the one who mints tokens."""
        setattr(self.issuer, name, value)


class _Manager(BaseManager):
    pass


_Manager.register("SteeredServer", SteeredServer)


@contextlib.contextmanager
def running_server(owners=("alice", "bob"), **options):
    """The server; this process's environment leads to it."""
    # No fork: this process has TensorFlow's threads.
    context = multiprocessing.get_context("spawn")
    with _Manager(ctx=context) as manager:
        server = manager.SteeredServer()
        server.open(list(owners))
        os.environ.update(server.environment(**options))
        try:
            yield server
        finally:
            server.close()
