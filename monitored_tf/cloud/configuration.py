"""Configures gs://: this process, and the tasks behind a master."""

from __future__ import annotations

import os
import pathlib
import threading
from typing import Any

import tensorflow as tf

from monitored_tf import remote_master
from monitored_tf.cloud import mechanism, settings as settings_module
from monitored_tf.cloud.errors import GcsConfigurationError
from monitored_tf.cloud.settings import Settings
from monitored_tf.errors import SessionClosedError

# Where Colab puts the credentials of its user.
_COLAB_CREDENTIALS = "/content/adc.json"

_lock = threading.Lock()
# What this process has now; None for what was never set.
_current = Settings(None, None)


def configure_gcs(
    session: Any = None, credentials: Any = None, block_cache: Any = None
) -> None:
    """Configures gs:// at once; stands in for `tf.contrib.cloud`'s.

    Warning: credentials cross the network to a remote master unencrypted.

    Args:
      session: A `tf.compat.v1.Session`, or one of ours. If it is one on a
        remote master, the tasks of its graph are configured too: each has to
        have called `load_ops()`. None for this process alone.
      credentials: As for `ConfigureGcsHook`.
      block_cache: As for `ConfigureGcsHook`.

    Raises:
      ValueError: as `ConfigureGcsHook`.
      GcsConfigurationError: if that can't be done here.
      SessionClosedError: if `session` is one of ours that is closed.
    """
    settings = settings_module.check(credentials, block_cache)
    del credentials
    if isinstance(settings, str):
        raise ValueError(settings)
    if callable(getattr(session, "raw_session", None)):
        session = session.raw_session()
        if session is None:
            raise SessionClosedError(
                "configure_gcs() was given a closed session."
            )
    apply_to_process(settings)
    if session is not None:
        apply_to_master(settings, target_of(session), None, session.graph)


def configure_colab_session(session: Any) -> None:
    """Configures gs:// with the credentials of the user of a Colab notebook.

    Reads the file that GOOGLE_APPLICATION_CREDENTIALS names, Colab's own if it
    is not set: `google.colab.auth.authenticate_user()` writes it.

    Args:
      session: As for `configure_gcs`.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if it holds no credentials that gs:// takes.
      GcsConfigurationError: as `configure_gcs`.
    """
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", _COLAB_CREDENTIALS)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"There is no file of credentials {path!r}. In Colab, call "
            "google.colab.auth.authenticate_user() first."
        )
    # Text that is no UTF-8 is refused as no JSON: a UnicodeDecodeError would
    # hold the file.
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    configure_gcs(session, text)


def load_ops() -> str:
    """Loads the ops into this process, so that remote clients can run them.

    Call it in the process of each task, before its `tf.distribute.Server`
    starts.

    Returns:
      The name of what was loaded: "tensorflow-gcs-config" or "built-ops". The
      clients must have the same.

    Raises:
      GcsConfigurationError: if there are no ops here.
    """
    chosen = mechanism.active()
    if chosen.limits:
        raise GcsConfigurationError(
            f"There are no ops here to load: the mechanism is {chosen.name}. "
            "python -m monitored_tf.cloud tells why."
        )
    return chosen.name


def apply_to_process(settings: Settings, only_changes: bool = False) -> None:
    """Configures this process.

    Args:
      settings: What to configure.
      only_changes: Whether to do nothing where it has just that already.

    Raises:
      GcsConfigurationError: if that can't be done here.
    """
    global _current
    with _lock:
        merged = Settings(
            settings.credentials or _current.credentials,
            settings.block_cache or _current.block_cache,
        )
        if settings.is_empty or (only_changes and merged == _current):
            return
        mechanism.active().configure_process(settings)
        _current = merged


def apply_to_master(
    settings: Settings, master: str, config: Any, graph: Any
) -> None:
    """Configures the tasks behind a remote master that a graph runs in.

    Args:
      settings: What to configure.
      master: Its address. Nothing is done for one that is this process.
      config: `ConfigProto` of the session that the graph runs in; None if
        that is not known.
      graph: The graph.

    Raises:
      tf.errors.OpError: if the master is lost meanwhile.
      GcsConfigurationError: if that can't be done.
    """
    if settings.is_empty or not remote_master.is_remote(master):
        return
    if config is None:
        remote_master.fail_fast()
        config = remote_master.session_config(master, None, graph)
    tasks = sorted(remote_master.tasks_of(graph) or ())
    devices = ["", *(f"{task}/device:CPU:0" for task in tasks)]
    mechanism.active().configure_master(settings, master, config, devices)


def target_of(session: Any) -> str:
    """Returns the address of the master of a raw session; "" for none."""
    return str(tf.compat.as_str_any(getattr(session, "sess_str", b"")))
