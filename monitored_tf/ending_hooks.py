"""The hooks of a training session that end it: at signals, without peers."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf import _tf_private
from monitored_tf.default_hooks import is_collective
from monitored_tf.hooks.peer_health_hook import PeerHealthHook
from monitored_tf.hooks.preemption_hook import PreemptionHook

_train = tf.compat.v1.train


def with_preemption(
    hooks: tuple[Any, ...], signals: tuple[int, ...], save_on_error: bool
) -> tuple[Any, ...]:
    """Returns the hooks with one that saves and stops at signals."""
    savers = (
        hook for hook in hooks if isinstance(hook, _train.CheckpointSaverHook)
    )
    saver = next(savers, None)
    given = [hook for hook in hooks if isinstance(hook, PreemptionHook)]
    for hook in given:
        hook.save_with(saver)
    if given:
        return hooks
    hook = PreemptionHook(saver, signals=signals, save_on_error=save_on_error)
    return (*hooks, hook)


def peer_health(context: Any, hooks: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns the hook that watches the peers of a collective strategy."""
    strategy = (
        _tf_private.worker_context_strategy(context)
        if context is not None
        else tf.distribute.get_strategy()
    )
    if not is_collective(strategy) or any(
        isinstance(hook, PeerHealthHook) for hook in hooks
    ):
        return ()
    task = strategy.cluster_resolver
    cluster = task.cluster_spec()
    if not cluster.jobs:
        return ()
    return (PeerHealthHook(cluster, task.task_type, task.task_id),)
