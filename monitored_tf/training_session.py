"""MonitoredTrainingSession: the session creator and default hooks of a task."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import (
    _tf_private,
    ending_hooks,
    hook_protocol,
    lost_iterators,
    remote_master,
    session_creators,
    snapshots,
)
from monitored_tf.chief_session_creator import ChiefSessionCreator
from monitored_tf.default_hooks import DefaultHooks, for_worker_context
from monitored_tf.live_session import DEFAULT_GRACE_SECS
from monitored_tf.recovery import RecoveryPolicy
from monitored_tf.save_cadence import USE_DEFAULT, SaveCadence
from monitored_tf.scaffold_session_creator import POLL_SECS
from monitored_tf.session import MonitoredSession
from monitored_tf.worker_session_creator import WorkerSessionCreator

_train = tf.compat.v1.train


def MonitoredTrainingSession(  # noqa: N802  -- TensorFlow's name.
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: str | None = None,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = USE_DEFAULT,
    save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = DEFAULT_GRACE_SECS,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: str | None = None,
    save_graph_def: bool = True,
    *,
    save_last: bool = False,
    recovery: RecoveryPolicy | None = None,
    fast_start: bool = False,
    on_live_state: str | None = None,
    require_checkpoint: bool = False,
    recovery_wait_secs: float = POLL_SECS,
    watch_peers: bool = True,
    stop_on_signal: bool = True,
    save_on_error: bool = False,
    on_nan: str | None = "raise",
    on_save_error: str = "raise",
    max_save_failures: int = 10,
    keep_best: Sequence[Any] | None = None,
    async_save: bool = False,
    verify: str = "files",
    restore: str = "strict",
    allow_fresh_start: bool = False,
) -> MonitoredSession:
    """Makes a MonitoredSession for training, for a chief or a worker.

    Stands in for `tf.compat.v1.train.MonitoredTrainingSession`. A chief
    restores or initializes the variables, saves checkpoints and summaries and
    counts steps. A worker waits for the chief, and has the user's hooks only.

    The chief's hooks are, in order: `chief_only_hooks`, StepCounterHook,
    SummarySaverHook, SessionLogHook, the checkpoint saver, `hooks`. A task of
    a collective strategy (`MultiWorkerMirroredStrategy`, of the scope or of the
    worker context) has a PeerHealthHook after all others. Then comes a
    PreemptionHook, which stops at SIGTERM.

    Args:
      master: Address of the TensorFlow master; "" runs in this process.
      is_chief: Whether this task initializes and saves.
      checkpoint_dir: Folder to restore from and save to; None for neither.
      scaffold: A `tf.compat.v1.train.Scaffold`; a default one if None.
      hooks: Iterable of `SessionRunHook`s.
      chief_only_hooks: The same, left out on a worker.
      save_checkpoint_secs: Seconds between checkpoints. Default 600, if
        `save_checkpoint_steps` is not given either. If both are given, the
        seconds hold. None for both: no checkpoints.
      save_summaries_steps: Global steps between summaries. Default 100, if
        `save_summaries_secs` is not given either. None for both: none.
      save_summaries_secs: Seconds between summaries. Not by default.
      config: `tf.compat.v1.ConfigProto` of the session.
      stop_grace_period_secs: As for `MonitoredSession`.
      log_step_count_steps: Global steps between logs of global_step/sec; None
        or 0 for none.
      max_wait_secs: Seconds that a worker waits for the chief.
      save_checkpoint_steps: Global steps between checkpoints. Not by default.
      summary_dir: Folder of the summaries; `checkpoint_dir` if None.
      save_graph_def: Whether to write `graph.pbtxt`, and a `.meta` file beside
        each checkpoint.
      save_last: If True the checkpoint saver comes after `hooks`, so that the
        last checkpoint is written when every other hook has ended. It does so
        anyway if one of `hooks` has a state to be saved: `state_dict()` and
        `load_state_dict(state)`.
      recovery: As for `MonitoredSession`.
      fast_start: As for `ChiefSessionCreator`; does nothing on a worker.
      on_live_state: As for `ChiefSessionCreator`; None for "adopt", or for
        "restore" if the recovery policy does not keep live state.
      require_checkpoint: As for `ChiefSessionCreator`.
      recovery_wait_secs: As for `WorkerSessionCreator`.
      verify: As for `ChiefSessionCreator`.
      restore: As for `ChiefSessionCreator`.
      allow_fresh_start: As for `ChiefSessionCreator`.
      watch_peers: Whether a task of a collective strategy ends when another
        one is lost, instead of waiting for it for ever. A PeerHealthHook among
        `hooks` takes the place of the default one.
      stop_on_signal: Whether SIGTERM saves and stops, if nobody else handles
        it; see `PreemptionHook`. One among `hooks` takes the place of the
        default one, and gets its `saver_hook` if it has none.
      save_on_error: As for `PreemptionHook`, of the default one.
      on_nan: As for `CheckpointSaverHook`, of the default one.
      on_save_error: As for `CheckpointSaverHook`.
      max_save_failures: As for `CheckpointSaverHook`.
      keep_best: As for `CheckpointSaverHook`.
      async_save: As for `CheckpointSaverHook`: in `after_save` of a listener,
        `session` has later values than the checkpoint.

    Returns:
      A `MonitoredSession`.

    Raises:
      InvalidHookError: if `hooks` or `chief_only_hooks` holds anything else.
      ValueError: if `async_save` is True and `master` that of a cluster.
      As `MonitoredSession` and the hooks.
    """
    if async_save and remote_master.is_remote(master):
        raise ValueError(snapshots.remote_message(master))
    scaffold = scaffold or _train.Scaffold()
    hooks = hook_protocol.check_hooks(hooks)
    chief_only_hooks = hook_protocol.check_hooks(chief_only_hooks)
    defaults = DefaultHooks(
        scaffold=scaffold,
        checkpoint_dir=checkpoint_dir,
        summary_dir=summary_dir or checkpoint_dir,
        checkpoints=SaveCadence.resolve(
            save_checkpoint_steps, save_checkpoint_secs, SaveCadence(None, 600)
        ),
        summaries=SaveCadence.resolve(
            save_summaries_steps, save_summaries_secs, SaveCadence(100, None)
        ),
        log_step_count_steps=log_step_count_steps,
        save_graph_def=save_graph_def,
        save_rules={
            "on_nan": on_nan,
            "on_save_error": on_save_error,
            "max_save_failures": max_save_failures,
            "keep_best": keep_best,
            "async_save": async_save,
        },
    )
    context = _tf_private.worker_context()
    creator: Any
    if context is not None:
        creator = context.session_creator(
            scaffold,
            config=config,
            checkpoint_dir=checkpoint_dir,
            max_wait_secs=max_wait_secs,
        )
        own = (*hooks, *(chief_only_hooks if context.is_chief else ()))
        all_hooks = (*own, *for_worker_context(defaults, context))
    elif is_chief:
        if on_live_state is None:
            keeps = recovery is None or recovery.keeps_live_state
            on_live_state = "adopt" if keeps else "restore"
        creator = ChiefSessionCreator(
            scaffold,
            master,
            config,
            checkpoint_dir,
            fast_start=fast_start,
            on_live_state=on_live_state,
            require_checkpoint=require_checkpoint,
            verify=verify,
            restore=restore,
            allow_fresh_start=allow_fresh_start,
        )
        # A state that is saved must be that after the step.
        saves_last = save_last or any(map(hook_protocol.has_state, hooks))
        all_hooks = (*chief_only_hooks, *defaults.around(hooks, saves_last))
    else:
        creator = WorkerSessionCreator(
            scaffold,
            master,
            config,
            max_wait_secs,
            recovery_wait_secs=recovery_wait_secs,
        )
        all_hooks = hooks
    if watch_peers:
        all_hooks = (*all_hooks, *ending_hooks.peer_health(context, all_hooks))
    if stop_on_signal or save_on_error:
        signals = (signal.SIGTERM,) if stop_on_signal else ()
        all_hooks = ending_hooks.with_preemption(
            all_hooks, signals, save_on_error
        )
    session = MonitoredSession(
        creator, all_hooks, stop_grace_period_secs, recovery=recovery
    )
    if session_creators.origin_of(creator).state == "restored":
        lost_iterators.tell_of_restart(session.graph, checkpoint_dir)
    return session
