"""Make the raw sessions that a monitored session works with."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf import _tf_private, errors

_train = tf.compat.v1.train
Scaffold = _train.Scaffold
SessionManager = _train.SessionManager


class SessionCreator(_train.SessionCreator):  # type: ignore[misc,name-defined]
    """Makes a raw session; called again for each recovery.

    Stands in for `tf.compat.v1.train.SessionCreator`. A creator implements
    `create_session()`, which returns a `tf.compat.v1.Session`.

    Attributes:
      reuses_session: bool. True where the raw session belongs to somebody
        else: it is not closed, and its queue runners are not started.
    """

    reuses_session = False


class _ScaffoldSessionCreator(SessionCreator):
    def __init__(self, scaffold: Any, master: str, config: Any) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._session_manager: Any = None

    def _finalized_manager(self) -> Any:
        # TensorFlow finalizes the scaffold for each session too: the graph may
        # have been unfinalized in between.
        self._scaffold.finalize()
        if self._session_manager is None:
            self._session_manager = _train.SessionManager(
                graph=tf.compat.v1.get_default_graph(),
                ready_op=self._scaffold.ready_op,
                ready_for_local_init_op=self._scaffold.ready_for_local_init_op,
                local_init_op=self._scaffold.local_init_op,
                local_init_feed_dict=self._scaffold.local_init_feed_dict,
            )
        return self._session_manager


class ChiefSessionCreator(_ScaffoldSessionCreator):
    """Makes a session whose variables it restores or initializes itself.

    Stands in for `tf.compat.v1.train.ChiefSessionCreator`.

    Args:
      scaffold: `tf.compat.v1.train.Scaffold` with the graph's init op, saver
        and so on; a default one if None.
      master: Address of the TensorFlow master; "" runs in this process.
      config: `tf.compat.v1.ConfigProto` of the session.
      checkpoint_dir: Folder; its newest checkpoint is restored.
      checkpoint_filename_with_path: The one checkpoint to restore. Give this
        or `checkpoint_dir`: both make `create_session` raise ValueError.
      fast_start: If True, only the part of the graph that a run needs is put
        on devices, which is most of the time that a large graph takes to start
        and to recover. An op that nothing ever runs and that no device can take
        is then no error any more. The masters of clusters can't do it: where
        `master` is given this does nothing.
    """

    def __init__(
        self,
        scaffold: Any = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
        *,
        fast_start: bool = False,
    ) -> None:
        if fast_start and not master:
            config = _pruned_placement(config)
        super().__init__(scaffold, master, config)
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path

    def create_session(self) -> Any:
        """Finalizes the graph and makes an initialized session.

        Returns:
          A `tf.compat.v1.Session`.

        Raises:
          RuntimeError: if the model is not ready after its initialization.
        """
        manager = self._finalized_manager()
        return manager.prepare_session(
            self._master,
            init_op=self._scaffold.init_op,
            init_fn=self._scaffold.init_fn,
            init_feed_dict=self._scaffold.init_feed_dict,
            saver=self._scaffold.saver,
            config=self._config,
            checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path,
        )


class WorkerSessionCreator(_ScaffoldSessionCreator):
    """Makes a session once the chief has initialized the variables.

    Stands in for `tf.compat.v1.train.WorkerSessionCreator`.

    Args:
      scaffold: As for `ChiefSessionCreator`.
      master: As for `ChiefSessionCreator`.
      config: As for `ChiefSessionCreator`.
      max_wait_secs: Seconds to wait for the chief.
    """

    def __init__(
        self,
        scaffold: Any = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Any:
        """Finalizes the graph and waits for an initialized session.

        Returns:
          A `tf.compat.v1.Session`.

        Raises:
          tf.errors.DeadlineExceededError: if the chief took too long.
        """
        manager = self._finalized_manager()
        return manager.wait_for_session(
            self._master,
            max_wait_secs=self._max_wait_secs,
            config=self._config,
        )


class ReusedSessionCreator(SessionCreator):
    """Puts hooks around a session that the caller owns.

    `close()` of the monitored session leaves it open, so that several sets of
    hooks can work on one session, one after the other or in turn. The graph is
    not finalized, variables are not initialized and queue runners are not
    started: all that is the owner's. A recovery gets the same session again.

    >>> raw = tf.compat.v1.Session(graph=tf.Graph())
    >>> ReusedSessionCreator(raw).create_session() is raw
    True

    Args:
      tf_session: An open `tf.compat.v1.Session`.

    Raises:
      InvalidSessionCreatorError: if `tf_session` cannot run anything.
    """

    reuses_session = True

    @property
    def graph(self) -> Any:
        """The graph of the session."""
        return self._session.graph

    def __init__(self, tf_session: Any) -> None:
        if isinstance(tf_session, type) or not callable(
            getattr(tf_session, "run", None)
        ):
            raise errors.InvalidSessionCreatorError(
                "ReusedSessionCreator needs an open tf.compat.v1.Session. Got "
                f"{tf_session!r}."
            )
        self._session = tf_session

    def create_session(self) -> Any:
        """Returns the session that was given."""
        return self._session


def _pruned_placement(config: Any) -> Any:
    fast = tf.compat.v1.ConfigProto()
    fast.CopyFrom(_tf_private.default_config() if config is None else config)
    fast.graph_options.place_pruned_graph = True
    return fast


def reuses_session(creator: Any) -> bool:
    """Returns whether the creator's session belongs to somebody else."""
    # `is True`: a mock has every attribute.
    return getattr(creator, "reuses_session", False) is True


def default_creator() -> SessionCreator:
    """Returns the creator of a session that was given none."""
    context = _tf_private.worker_context()
    if context is not None:
        return context.session_creator()  # type: ignore[no-any-return]
    return ChiefSessionCreator()


def check_session_creator(creator: Any) -> None:
    """Raises InvalidSessionCreatorError if `creator` makes no sessions."""
    if isinstance(creator, type) or not callable(
        getattr(creator, "create_session", None)
    ):
        raise errors.InvalidSessionCreatorError(
            "session_creator must be an object with a method create_session(), "
            f"as ChiefSessionCreator(). Got {creator!r}."
        )
