"""Runs ops that configure gs:// in the tasks behind a master."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import _tf_private
from monitored_tf.cloud.errors import GcsConfigurationError
from monitored_tf.cloud.settings import Settings

_v1 = tf.compat.v1
# Given the settings, adds ops to the default graph; returns them, and the
# values of their placeholders.
OpMaker = Callable[[Settings], tuple[list[Any], dict[Any, Any]]]

# Of the one run, which asks a token server.
_RUN_SECS = 120.0
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


def run(
    make_ops: OpMaker,
    settings: Settings,
    master: str,
    config: Any,
    devices: Iterable[str] = ("",),
) -> None:
    """Runs the ops in a graph and a session of their own.

    The secret is fed: no graph, and so no file, holds it.

    Args:
      make_ops: Makes the ops of a mechanism.
      settings: What to configure.
      master: Address of the TensorFlow master; "" for this process.
      config: `ConfigProto` of the session.
      devices: Where to run them; "" for the task of the master.

    Raises:
      tf.errors.OpError: if the master is lost, as TensorFlow says it.
      GcsConfigurationError: if anything else fails.
    """
    error = _error_of_run(make_ops, settings, master, config, devices)
    if error is None:
        return
    if not isinstance(error, tf.errors.OpError):
        raise error  # Ctrl-C, for instance.
    if isinstance(error, _LOST) and master:
        raise error
    text = error.message
    if settings.credentials is not None:
        text = settings.credentials.scrub(text)
    if "not registered" in text:
        raise GcsConfigurationError(
            f"A task behind {master} does not know the ops that configure "
            "gs://. Call monitored_tf.cloud.load_ops() in the process of each "
            "task before its server starts; it must load what this process "
            "does."
        )
    raise GcsConfigurationError(
        f"gs:// was not configured: {type(error).__name__}: {_last_lines(text)}"
    )


def _error_of_run(
    make_ops: OpMaker,
    settings: Settings,
    master: str,
    config: Any,
    devices: Iterable[str],
) -> BaseException | None:
    operations, feeds = [], {}
    with _v1.Graph().as_default() as graph:
        for device in devices:
            with _v1.device(device or None):
                made, fed = make_ops(settings)
            operations += made
            feeds.update(fed)
    options = _tf_private.timeout_options(_RUN_SECS)
    try:
        with _v1.Session(master, graph, config) as session:
            session.run(operations, feeds, options)
    except BaseException as error:
        # TensorFlow's frames hold what was fed, also those of the error that it
        # made this one of.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    return None


def local_config() -> Any:
    """Returns the config of a session of this process that takes no GPU.

    The first session of a process fixes some of its settings: those that
    `tf.config` was told are kept.
    """
    config = _v1.ConfigProto()
    config.CopyFrom(_tf_private.default_config())
    config.device_count["GPU"] = 0
    config.use_per_session_threads = True
    return config


def _last_lines(text: str) -> str:
    """Leaves out where the op was made, of which TensorFlow tells first."""
    said = text.partition("Node: ")[2] or text
    said = said.partition("\n")[2] or said
    return said.partition("[[{{")[0].strip()
