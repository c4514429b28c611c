"""A session that is kept, and takes one checkpoint after the other."""

from __future__ import annotations

from typing import Any, Callable

from monitored_tf.checkpoint_files import Candidates
from monitored_tf.checkpoint_restore import CheckpointRestore, RestoreRules
from monitored_tf.session_creators import SessionCreator, StateOrigin


class KeptSessionCreator(SessionCreator):
    """Lends one raw session to many monitored ones, one after the other.

    Each gets the variables of the checkpoint that `take()` named last, and
    fresh local variables. One that comes back, as its session was lost, gets a
    new raw session.

    Attributes:
      graph: The graph.

    Args:
      graph: The `tf.Graph`; finalized when the first session is made.
      scaffold: Its scaffold.
      make_creator: Returns what makes a session with the variables of a
        checkpoint, given its path.
      verify: What is looked at before another one is restored, as for
        `ChiefSessionCreator`.
    """

    reuses_session = True

    def __init__(
        self,
        graph: Any,
        scaffold: Any,
        make_creator: Callable[[str], SessionCreator],
        verify: str = "files",
    ) -> None:
        self._rules = RestoreRules(verify)
        self.graph = graph
        self._scaffold = scaffold
        self._make_creator = make_creator
        self._path = ""
        self._is_lent = False
        self._session: Any = None

    def take(self, checkpoint_path: str) -> None:
        """Has the next session begin with the variables of a checkpoint.

        Args:
          checkpoint_path: Its path.
        """
        self._path = checkpoint_path
        self._is_lent = False

    def create_session(self) -> Any:
        """Returns the raw session, with those variables.

        Raises:
          CheckpointError: if the checkpoint can't be restored.
        """
        if self._session is None or self._is_lent:
            self.close()
            self._session = self._make_creator(self._path).create_session()
        else:
            self._reset()
        self._is_lent = True
        self.origin = StateOrigin.restored(self._path)
        return self._session

    def _reset(self) -> None:
        restore = CheckpointRestore(
            self._scaffold.saver,
            Candidates((self._path,)),
            self._rules,
            initialize=_nothing,
        )
        restore.check()
        restore.restore(self._session, self._path)
        self._session.run(
            self._scaffold.local_init_op,
            feed_dict=self._scaffold.local_init_feed_dict,
        )

    def close(self) -> None:
        """Closes the raw session; the next one is made anew."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


def _nothing(session: Any) -> None:
    """Initializes nothing: strict rules restore all that there is."""
