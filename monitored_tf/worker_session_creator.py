"""The session creator of a worker."""

from __future__ import annotations

from typing import Any

from monitored_tf import input_position, live_state
from monitored_tf.scaffold_session_creator import (
    CREATION_TIMEOUT_SECS,
    POLL_SECS,
    ScaffoldSessionCreator,
    closed_on_error,
)
from monitored_tf.session_creators import StateOrigin


class WorkerSessionCreator(ScaffoldSessionCreator):
    """Makes a session once the chief has initialized the variables.

    Stands in for `tf.compat.v1.train.WorkerSessionCreator`. The inputs of a
    worker are its own and in no checkpoint: each `resumable_input()` begins at
    its first element with each session.

    Args:
      scaffold: As for `ChiefSessionCreator`.
      master: As for `ChiefSessionCreator`.
      config: As for `ChiefSessionCreator`.
      max_wait_secs: Seconds to wait for the chief.
      recovery_wait_secs: Seconds between two looks whether it is done; 30 in
        TensorFlow.
    """

    origin = StateOrigin("adopted")

    def __init__(
        self,
        scaffold: Any = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
        *,
        recovery_wait_secs: float = POLL_SECS,
    ) -> None:
        # No more than a net for what hangs: waiting ends by max_wait_secs.
        super().__init__(
            scaffold,
            master,
            config,
            recovery_wait_secs,
            max_wait_secs + CREATION_TIMEOUT_SECS,
        )
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Any:
        """Finalizes the graph and waits for an initialized session.

        Returns:
          A `tf.compat.v1.Session`.

        Raises:
          tf.errors.DeadlineExceededError: if the chief took too long.
          UnsaveableInputError: if the position of a `resumable_input()` can't
            be saved.
        """
        manager = self.finalized_manager()
        with self.limit_named(self._max_wait_secs):
            session = manager.wait_for_session(
                self._master,
                max_wait_secs=self._max_wait_secs,
                config=self._config,
            )
            with closed_on_error(session):
                input_position.begin(session)
        return session

    def awaited(self) -> str:
        """Returns the tasks that do not answer, or else the variables."""
        return super().awaited() or live_state.uninitialized(
            self._master, self._config, self._scaffold.ready_op
        )
