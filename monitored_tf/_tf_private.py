"""The few private names of TensorFlow that are needed, each with its reason.

Every function says what happens where the name is missing; its test runs on
the oldest and the newest TensorFlow.
"""
# ruff: noqa: SLF001  -- reaching into TensorFlow is what this module is for.

from __future__ import annotations

import functools
import operator
import os
import types
from collections.abc import Iterable
from typing import Any, Callable, NoReturn

import tensorflow as tf
from absl import logging

_Session = tf.compat.v1.Session


def worker_context() -> Any:
    """Returns the worker context of a running distribute coordinator, or None.

    TensorFlow's MonitoredTrainingSession asks it for the session creator and
    for who saves what; there is no public way. None where it is missing.
    """
    try:
        from tensorflow.python.distribute import distribute_coordinator_context
    except ImportError:
        return None
    return distribute_coordinator_context.get_current_worker_context()


def worker_context_strategy(context: Any) -> Any:
    """Returns the tf.distribute strategy of a worker context; None if none."""
    return getattr(context, "_strategy", None)


def default_config() -> Any:
    """Returns the ConfigProto of a session that is given none.

    It holds what `tf.config` was told: which devices are visible, how memory
    grows, how many threads run. An empty one where the name is missing.
    """
    try:
        from tensorflow.python.eager import context
    except ImportError:
        return tf.compat.v1.ConfigProto()
    return context.context().config


def unfinalize(graph: Any) -> None:
    """Lets ops be added to a finalized graph again.

    TensorFlow does so when a monitored session is closed; only it can. Where
    it can't any more, the graph stays finalized and the log says so.
    """
    undo = getattr(graph, "_unsafe_unfinalize", None)
    if undo is None:
        logging.warning("This TensorFlow cannot unfinalize a graph.")
    else:
        undo()


def save_with_hook(hook: Any, session: Any, step: int) -> bool:
    """Saves as a CheckpointSaverHook does, its listeners included.

    The hook has no public way to save now. AttributeError where it lost this
    one too.

    Returns:
      Whether a listener asked for the end.
    """
    asked_to_stop = bool(hook._save(session, step))
    # Or the end() of TensorFlow's would save the same step again.
    begin_interval(hook, step)
    return asked_to_stop


def begin_interval(hook: Any, step: int) -> None:
    """Lets a CheckpointSaverHook count from this step, and from now.

    AttributeError where it lost its timer.
    """
    hook._timer.update_last_triggered_step(step)


def last_checkpoint_of_hook(hook: Any) -> Any:
    """Returns the path that a CheckpointSaverHook saved to last.

    The saver has no list of those of which it keeps all.
    """
    return tf.train.latest_checkpoint(hook._checkpoint_dir)


def add_listeners(hook: Any, listeners: Iterable[Any]) -> None:
    """Adds listeners to a CheckpointSaverHook, except those that it has.

    It takes some when it is made, and has no public way to get others.
    AttributeError where it lost this one too.
    """
    for listener in listeners:
        if listener not in hook._listeners:
            hook._listeners = [*hook._listeners, listener]


def scaffold_of(creator: Any) -> Any:
    """Returns the Scaffold of a session creator, ours or TensorFlow's.

    TensorFlow's creators do not show theirs. None where there is none.
    """
    return getattr(creator, "_scaffold", None)


def prepared_runner(
    session: Any, timeout_secs: float | None = None
) -> PreparedRunner | None:
    """Returns what runs prepared lists in a session.

    `Session.run` works out its arguments anew each time, which takes several
    times as long as a small step; the one public way around it,
    `make_callable`, calls `Session.run` wherever something is fed.

    None if this could make a difference: for another class of sessions, one
    whose `run` is not TensorFlow's, one that fills in `RunMetadata` unasked,
    or where a name is missing. `MONITORED_TF_PUBLIC_API_ONLY=1` in the
    environment says None for all.

    Args:
      session: The session.
      timeout_secs: Seconds that a run may take; None for no limit.
    """
    if (
        type(session) is not _Session
        or os.environ.get("MONITORED_TF_PUBLIC_API_ONLY", "0") != "0"
        or not _can_run_prepared()
        or not _is_tensorflows(_Session.run)
        or _fills_metadata(session._config)
    ):
        return None
    return PreparedRunner(session, timeout_secs)


@functools.cache
def _can_run_prepared() -> bool:
    with tf.Graph().as_default() as graph:
        tensor = tf.constant(0)
        session = _Session(graph=graph)
    names = ("_call_tf_sessionrun", "_do_call", "_closed", "_config")
    found = (
        all(hasattr(session, name) for name in names)
        and hasattr(graph, "_unfetchable_ops")
        and hasattr(graph, "_unfeedable_tensors")
        and hasattr(tensor, "_as_tf_output")
        and hasattr(tensor.op, "_c_op")
    )
    session.close()
    return found


def _is_tensorflows(run: Any) -> bool:
    """Returns whether it is the method that TensorFlow itself defines.

    A wrapper may have its name and module, but not its code.
    """
    if type(run) is not types.FunctionType:
        return False
    own = _Session._do_call.__code__
    return (run.__code__.co_filename, run.__code__.co_name) == (
        own.co_filename,
        "run",
    )


def _fills_metadata(config: Any) -> bool:
    return bool(
        config.graph_options.build_cost_model
        or config.experimental.HasField("session_metadata")
    )


class PreparedRunner:
    """Runs lists of handles; see `prepared_runner`.

    Args:
      session: A `tf.compat.v1.Session`.
      timeout_secs: Seconds that a run may take; None for no limit.
    """

    def __init__(self, session: Any, timeout_secs: float | None) -> None:
        self._session = session
        self._options = _packed_timeout(timeout_secs)
        self._session_run = _Session.run
        self._unfetchable = session.graph._unfetchable_ops
        self._unfeedable = session.graph._unfeedable_tensors
        self.bars_changed()

    def bars_changed(self) -> bool:
        """Returns whether it was said since what may not be fetched or fed."""
        before = getattr(self, "_bars", None)
        self._bars = (len(self._unfetchable), len(self._unfeedable))
        return self._bars != before

    def run(
        self, feeds: dict[Any, Any], fetched: list[Any], operations: list[Any]
    ) -> Any:
        """Returns the list of the values of `fetched`.

        Returns None, and runs nothing, if `Session.run` would not do the same
        now.

        Raises:
          tf.errors.OpError: with the operation and the text that
            `Session.run` gives it.
        """
        session = self._session
        if (
            session._closed
            # Profilers and mocks replace it, in the class or in the object.
            or _Session.run is not self._session_run
            or "run" in session.__dict__
            or len(self._unfetchable) != self._bars[0]
            or (feeds and len(self._unfeedable) != self._bars[1])
        ):
            return None
        try:
            return session._call_tf_sessionrun(
                self._options, feeds, fetched, operations, None
            )
        except tf.errors.OpError as error:
            return session._do_call(_raise, error)


@functools.cache  # It is never freed.
def _packed_timeout(timeout_secs: float | None) -> Any:
    """Returns RunOptions with this timeout as C++ takes them, or None."""
    if timeout_secs is None:
        return None
    from tensorflow.python.client import pywrap_tf_session

    packed = timeout_options(timeout_secs).SerializeToString()
    return pywrap_tf_session.TF_NewBufferFromString(packed)


def timeout_options(timeout_secs: float | None) -> Any:
    """Returns RunOptions with this timeout in seconds; None for none."""
    if timeout_secs is None:
        return tf.compat.v1.RunOptions()
    # 0 would be no limit.
    return tf.compat.v1.RunOptions(
        timeout_in_ms=max(1, round(timeout_secs * 1000))
    )


def _raise(error: BaseException) -> NoReturn:
    raise error


def tensor_handle(tensor: Any) -> Any:
    """Returns what a `PreparedRunner` takes for a tensor to feed or fetch."""
    return tensor._as_tf_output()


def shape_getter(tensor: Any) -> Callable[[Any], Any]:
    """Returns what gets an object that set_shape() replaces by another.

    Where the name is missing, the public property: it takes three times as
    long, which every fed tensor pays at every step.
    """
    name = "_shape_val" if hasattr(tensor, "_shape_val") else "shape"
    return operator.attrgetter(name)


def operation_handle(operation: Any) -> Any:
    """Returns what a `PreparedRunner` takes for an operation to run."""
    return operation._c_op


def forget_steps(hook: Any) -> None:
    """Lets a StepCounterHook or a SummarySaverHook begin anew.

    Both keep the last step, and when it was, under private names only. Where
    these are missing, the hook goes on from the steps of the lost session, as
    TensorFlow's does.
    """
    timer = getattr(hook, "_timer", None)
    if timer is not None:
        timer.reset()
    if hasattr(hook, "_last_global_step"):
        hook._last_global_step = None


def global_step_reads(graph: Any) -> list[Any]:
    """Returns the tensors by which TensorFlow's hooks read the global step.

    They fetch one that works before the variable is initialized, and keep it
    in a collection that has no public name. Empty where it is missing.
    """
    return list(graph.get_collection("global_step_read_op_cache"))


def threads_of(coord: Any) -> list[Any]:
    """Returns the threads that a coordinator will join.

    It does not show them. Empty where the name is missing.
    """
    return list(getattr(coord, "_registered_threads", ()))
