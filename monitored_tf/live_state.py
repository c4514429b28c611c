"""Variables that live on in a cluster when their chief is gone."""

from __future__ import annotations

import time
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import global_step
from monitored_tf.bounded_call import BoundedCall
from monitored_tf.recovery import SessionTimeoutError

_v1 = tf.compat.v1
_ASK_SECS = 2.0


def adopted_session(
    manager: Any, master: str, config: Any, newest: str | None
) -> Any:
    """Makes a session that goes on from variables that are initialized.

    Args:
      manager: `tf.compat.v1.train.SessionManager` of the graph.
      master: Address of the TensorFlow master.
      config: `ConfigProto` or None.
      newest: Prefix of the newest checkpoint, or None.

    Returns:
      A `tf.compat.v1.Session`. None if a variable is not initialized, or if
      the checkpoint is, or may be, newer.

    Raises:
      SessionTimeoutError: if a run took longer than the config allows, so that
        nothing is known of the variables.
    """
    began = time.monotonic()
    try:
        session = manager.wait_for_session(
            master, config=config, max_wait_secs=0
        )
    except tf.errors.DeadlineExceededError as error:
        limit_secs = config.operation_timeout_in_ms / 1000 if config else 0
        if limit_secs and time.monotonic() - began >= limit_secs:
            raise SessionTimeoutError(
                f"Asking for live variables took more than {limit_secs:g} s"
            ) from error
        return None  # Not ready; the manager looks only once.
    try:
        if newest is None or _is_as_new(session, newest):
            return session
    except BaseException:
        session.close()
        raise
    session.close()
    return None


def _is_as_new(session: Any, checkpoint: str) -> bool:
    step = global_step.read(session)
    saved_step = _saved_step(checkpoint, session.graph)
    return step is not None and saved_step is not None and step >= saved_step


def _saved_step(path: str, graph: Any) -> int | None:
    """Returns the global step in a checkpoint; None if that can't be read."""
    variable = _v1.train.get_global_step(graph)
    if variable is None:
        return None
    try:
        return int(tf.train.load_variable(path, variable.op.name))
    except (tf.errors.OpError, ValueError) as error:
        # Restoring it tells what is wrong with it.
        logging.info("No global step in %s: %s", path, error)
        return None


def uninitialized(master: str, config: Any, ready_op: Any) -> str:
    """Returns which variables are not initialized yet, or "".

    Args:
      master: Address of the TensorFlow master.
      config: `ConfigProto` or None.
      ready_op: Op that gives the names of those that are not ready.
    """
    question = BoundedCall(
        lambda: _names_of_uninitialized(master, config, ready_op),
        "asking for uninitialized variables",
    )
    if not question.wait(_ASK_SECS):
        return ""
    try:
        names = question.result()
    except tf.errors.OpError as error:
        return f"the variables can't be asked for: {error.message}"
    return f"not initialized yet: {', '.join(names)}" if names else ""


def _names_of_uninitialized(
    master: str, config: Any, ready_op: Any
) -> list[str]:
    with _v1.Session(master, graph=ready_op.graph, config=config) as session:
        names = session.run(ready_op)
    return [tf.compat.as_str_any(name) for name in names]
