"""What the session creators of a chief and of a worker have in common."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from monitored_tf import remote_master
from monitored_tf.recovery import SessionTimeoutError
from monitored_tf.session_creators import SessionCreator

_train = tf.compat.v1.train
_QUEUE_RUNNERS = tf.compat.v1.GraphKeys.QUEUE_RUNNERS
Scaffold = _train.Scaffold
SessionManager = _train.SessionManager
# Between two looks whether a session is ready. TensorFlow's 30 s are most of
# the time that a worker takes to start.
POLL_SECS = 0.5
CREATION_TIMEOUT_SECS = 600.0


class ScaffoldSessionCreator(SessionCreator):
    """Makes sessions of a graph that a Scaffold finalizes.

    Args:
      scaffold: `tf.compat.v1.train.Scaffold`; a default one if None.
      master: Address of the TensorFlow master; "" runs in this process.
      config: `tf.compat.v1.ConfigProto` of the session.
      recovery_wait_secs: Seconds between two looks whether one is ready.
      creation_timeout_secs: Seconds that one of a cluster may take to be made.
    """

    def __init__(
        self,
        scaffold: Any,
        master: str,
        config: Any,
        recovery_wait_secs: float,
        creation_timeout_secs: float,
    ) -> None:
        self._scaffold = scaffold or _train.Scaffold()
        self._master = master
        self._config = config
        self._recovery_wait_secs = recovery_wait_secs
        self._is_remote = remote_master.is_remote(master)
        if self._is_remote:
            self.creation_timeout_secs = creation_timeout_secs
        self._session_manager: Any = None
        self._operation_timeout_secs: float | None = None

    def limit_operations(self, secs: float) -> None:
        """Ends a run on a master of a cluster that takes longer.

        Args:
          secs: For runs that have no limit of their own.
        """
        if self._is_remote:
            self._operation_timeout_secs = secs

    def finalized_manager(self) -> Any:
        """Finalizes the graph; returns the `SessionManager` of it.

        Calls `before_create` last: a session is opened next.
        """
        # TensorFlow finalizes the scaffold for each session too: the graph may
        # have been unfinalized in between.
        self._scaffold.finalize()
        if self._session_manager is None:
            graph = tf.compat.v1.get_default_graph()
            if self._is_remote:
                remote_master.fail_fast()
                self._config = remote_master.session_config(
                    self._master, self._config, graph
                )
                # A queue runner may wait for a full queue as long as it likes.
                queues = graph.get_collection(_QUEUE_RUNNERS)
                if self._operation_timeout_secs is not None and not queues:
                    self._config = remote_master.limited_config(
                        self._config, self._operation_timeout_secs
                    )
            self._session_manager = _train.SessionManager(
                graph=graph,
                ready_op=self._scaffold.ready_op,
                ready_for_local_init_op=self._scaffold.ready_for_local_init_op,
                local_init_op=self._scaffold.local_init_op,
                recovery_wait_secs=self._recovery_wait_secs,
                local_init_feed_dict=self._scaffold.local_init_feed_dict,
            )
        if self.before_create is not None:
            self.before_create(self._master, self._config)
        return self._session_manager

    @contextlib.contextmanager
    def limit_named(self, max_wait_secs: float = math.inf) -> Iterator[None]:
        """Tells the end of `limit_operations()` from that of a wait."""
        # The manager does not begin a pause that ends too late.
        wait_ends = time.monotonic() + max_wait_secs - self._recovery_wait_secs
        try:
            yield
        except tf.errors.DeadlineExceededError as error:
            limit_secs = self._operation_timeout_secs
            if limit_secs is None or time.monotonic() >= wait_ends:
                raise
            raise SessionTimeoutError(
                f"A run took more than hook_run_timeout_secs={limit_secs:g} s "
                "while a session was made"
            ) from error

    def awaited(self) -> str:
        """Returns the tasks that do not answer, "" if all do."""
        if not self._is_remote or self._scaffold.ready_op is None:
            return ""
        return remote_master.silent_tasks(
            self._master, self._scaffold.ready_op.graph
        )


@contextlib.contextmanager
def closed_on_error(session: Any) -> Iterator[None]:
    """Closes a raw session that is not handed out, as its inputs fail."""
    try:
        yield
    except BaseException:
        session.close()
        raise
