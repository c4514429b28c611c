"""The session creator of a chief, and of a process that trains alone."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import (
    _tf_private,
    checkpoint_files,
    errors,
    input_position,
    live_state,
    saves_in_flight,
)
from monitored_tf.checkpoint_files import Candidates
from monitored_tf.checkpoint_restore import CheckpointRestore, RestoreRules
from monitored_tf.scaffold_session_creator import (
    CREATION_TIMEOUT_SECS,
    POLL_SECS,
    ScaffoldSessionCreator,
    closed_on_error,
)
from monitored_tf.session_creators import SessionCreator, StateOrigin


class ChiefSessionCreator(ScaffoldSessionCreator):
    """Makes a session whose variables it restores or initializes itself.

    Stands in for `tf.compat.v1.train.ChiefSessionCreator`.

    Args:
      scaffold: `tf.compat.v1.train.Scaffold` with the graph's init op, saver
        and so on; a default one if None.
      master: Address of the TensorFlow master; "" runs in this process. For
        one of a cluster the session waits for no other tasks than it needs:
        see README, "In a cluster".
      config: `tf.compat.v1.ConfigProto` of the session.
      checkpoint_dir: Folder; its newest checkpoint is restored.
      checkpoint_filename_with_path: The one checkpoint to restore. Give this
        or `checkpoint_dir`: both make `create_session` raise ValueError.
      fast_start: If True, only the part of the graph that a run needs is put
        on devices, which is most of the time that a large graph takes to start
        and to recover. An op that nothing ever runs and that no device can take
        is then no error any more. The masters of clusters can't do it: where
        `master` is given this does nothing.
      on_live_state: "adopt" to go on from variables that live in the cluster,
        where all are initialized and none of the checkpoints is newer;
        "restore" to restore or initialize over them, as TensorFlow does.
      require_checkpoint: If True, a session after the first one is made from a
        checkpoint or from live variables, never from scratch.
      creation_timeout_secs: Seconds that a session of a cluster may take to be
        made.
      verify: What is looked at before a checkpoint is restored: "files" for
        its index and the lengths of its files, "full" to read it all. One that
        is damaged is passed over for an older one, which is read in full, as
        are all where the folder's state file is damaged or missing.
      restore: "strict": a checkpoint must hold all that the saver knows, with
        the same shapes and dtypes. "available": what it does not hold like
        that is initialized. Else a regular expression that the names of what
        is restored must begin with; all else is initialized.
      allow_fresh_start: If True, training begins from scratch where there are
        checkpoints but none is whole.

    Raises:
      ValueError: if `on_live_state`, `verify` or `restore` is none of these.
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
        on_live_state: str = "adopt",
        require_checkpoint: bool = False,
        creation_timeout_secs: float = CREATION_TIMEOUT_SECS,
        verify: str = "files",
        restore: str = "strict",
        allow_fresh_start: bool = False,
    ) -> None:
        self._restore_rules = RestoreRules(verify, restore, allow_fresh_start)
        if on_live_state not in ("adopt", "restore"):
            raise ValueError(
                "on_live_state must be 'adopt' or 'restore'. Got "
                f"{on_live_state!r}."
            )
        if fast_start and not master:
            config = _pruned_placement(config)
        super().__init__(
            scaffold, master, config, POLL_SECS, creation_timeout_secs
        )
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path
        self._adopts = (
            self._is_remote
            and on_live_state == "adopt"
            and not checkpoint_filename_with_path
        )
        self._require_checkpoint = require_checkpoint
        self._has_made_one = False

    def create_session(self) -> Any:
        """Finalizes the graph and makes an initialized session.

        Returns:
          A `tf.compat.v1.Session`.

        Raises:
          RuntimeError: if the model is not ready after its initialization.
          UnsaveableInputError: if the position of a `resumable_input()` can't
            be saved.
          CheckpointError: if there are checkpoints and none can be restored.
          CheckpointRequiredError: if there is nothing to go on from and
            `require_checkpoint` is True.
        """
        manager = self.finalized_manager()
        restore = self._restore()
        newest = restore.path if restore is not None else None
        session = None
        if self._adopts:
            session = live_state.adopted_session(
                manager, self._master, self._config, newest
            )
        if session is not None:
            with closed_on_error(session):
                input_position.begin(session)
                if restore is not None:
                    restore.restore_inputs(session)
            self.origin = StateOrigin("adopted")
            if not self._has_made_one:  # A recovery is logged by others.
                logging.warning(
                    "Going on from the variables as they live in the cluster: "
                    "no checkpoint in %r is newer. on_live_state='restore' "
                    "restores or initializes over them.",
                    self._checkpoint_dir,
                )
        else:
            if restore is not None:
                restore.check()
            self._check_required(newest)
            with self.limit_named():
                session = self._prepared(manager, restore)
            self.origin = _origin(restore)
        if restore is not None:
            restore.recover_last_checkpoints()
        self._has_made_one = True
        return session

    def _restore(self) -> CheckpointRestore | None:
        path = self._checkpoint_filename_with_path
        folder = self._checkpoint_dir
        if path and folder:
            raise ValueError(
                "Give checkpoint_dir or checkpoint_filename_with_path, not "
                f"both. Got {folder!r} and {path!r}."
            )
        saver = self._scaffold.saver
        if not saver or not (path or folder):
            return None
        # Of another session of this process. TensorFlow's sessions, besides,
        # do not wait before they replace one.
        if folder:
            saves_in_flight.wait(folder)
        candidates = (
            Candidates((path,))
            if path
            else checkpoint_files.candidates(folder or "")
        )
        return CheckpointRestore(
            saver, candidates, self._restore_rules, self._initialize
        )

    def _prepared(self, manager: Any, restore: CheckpointRestore | None) -> Any:
        return manager.prepare_session(
            self._master,
            init_op=self._scaffold.init_op,
            init_fn=self._init_fn(),
            init_feed_dict=self._scaffold.init_feed_dict,
            saver=restore,
            config=self._config,
            checkpoint_filename_with_path=restore and restore.path,
        )

    def _initialize(self, session: Any) -> None:
        scaffold = self._scaffold
        if scaffold.init_op is not None:
            session.run(scaffold.init_op, feed_dict=scaffold.init_feed_dict)
        init_fn = self._init_fn()
        if init_fn is not None:
            init_fn(session)

    def _init_fn(self) -> Any:
        """Returns the Scaffold's, which may restore inputs that have begun."""
        init_fn = self._scaffold.init_fn
        if not input_position.initializers(tf.compat.v1.get_default_graph()):
            return init_fn

        def begin_and_init(session: Any) -> None:
            input_position.begin(session)
            if init_fn is not None:
                init_fn(session)

        return begin_and_init

    def _check_required(self, newest: str | None) -> None:
        if newest is None and self._require_checkpoint and self._has_made_one:
            raise errors.CheckpointRequiredError(
                "The session was lost and there is no checkpoint in "
                f"checkpoint_dir={self._checkpoint_dir!r} to restore. Save "
                "sooner, or give require_checkpoint=False to begin from "
                "scratch."
            )


def _origin(restore: CheckpointRestore | None) -> StateOrigin:
    if restore is None or restore.path is None:
        return StateOrigin("initialized")
    return StateOrigin.restored(restore.path)


def _pruned_placement(config: Any) -> Any:
    fast = tf.compat.v1.ConfigProto()
    fast.CopyFrom(_tf_private.default_config() if config is None else config)
    fast.graph_options.place_pruned_graph = True
    return fast


def default_creator() -> SessionCreator:
    """Returns the creator of a session that was given none."""
    context = _tf_private.worker_context()
    if context is not None:
        return context.session_creator()  # type: ignore[no-any-return]
    return ChiefSessionCreator()
