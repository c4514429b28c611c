"""Gives TensorFlow's gs:// client its credentials before anything uses it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.cloud import configuration, settings as settings_module
from monitored_tf.cloud.settings import Settings
from monitored_tf.session_run_hook import SessionRunHook


class ConfigureGcsHook(SessionRunHook):
    """Sets the credentials and the read cache of gs://.

    Stands in for `tf.contrib.cloud.ConfigureGcsHook`:

        hook = ConfigureGcsHook(credentials=json_text)
        with MonitoredTrainingSession(
            checkpoint_dir="gs://private/model", hooks=[hook]
        ) as session:
            ...

    Our sessions run it first of all hooks, wherever it stands among them, and
    on a remote master again before each session is made, also after a
    recovery: a task that was replaced knows nothing. TensorFlow's sessions
    call hooks in their order: call `configure_gcs()` before you make one.

    Warning: credentials cross the network to a remote master unencrypted, as
    all that a session feeds. Use a network that you trust.

    What is set holds for the whole process, as TensorFlow has one gs:// client
    in each, and stays after the session. By which mechanism it is set, and
    what that one can't do, `monitored_tf.cloud.doctor()` tells. The process of
    each remote task must have called `monitored_tf.cloud.load_ops()`.

    The hook can't be pickled with credentials, and shows them nowhere.

    Args:
      credentials: JSON text, or the dict of it, of kind authorized_user or
        service_account; None leaves them as they are.
      block_cache: A `BlockCacheParams`; None leaves the cache as it is.

    Raises:
      ValueError: if `credentials` are none that TensorFlow's client can use,
        or `block_cache` is something else.
    """

    # Before other hooks look into folders of gs://.
    begins_first = True
    # An error report may show a hook that was refused.
    _settings = Settings(None, None)

    def __init__(
        self, credentials: Any = None, block_cache: Any = None
    ) -> None:
        settings = settings_module.check(credentials, block_cache)
        # Error reports may show what the names of a frame hold.
        del credentials
        if isinstance(settings, str):
            raise ValueError(settings)
        self._settings = settings
        self._is_master_done = False

    def __repr__(self) -> str:
        return (
            f"ConfigureGcsHook(credentials={self._settings.credentials!r}, "
            f"block_cache={self._settings.block_cache!r})"
        )

    def begin(self) -> None:
        """Configures this process, unless it has these settings already.

        Raises:
          GcsConfigurationError: if that can't be done here.
        """
        self._is_master_done = False
        configuration.apply_to_process(self._settings, only_changes=True)

    def before_create_session(self, master: str, config: Any) -> None:
        """Configures a remote master, before it restores from gs://.

        Args:
          master: Address of the master; "" for this process.
          config: `ConfigProto` of the session that will be made.

        Raises:
          tf.errors.OpError: if the master is lost meanwhile.
          GcsConfigurationError: if it can't be configured.
        """
        graph = tf.compat.v1.get_default_graph()
        configuration.apply_to_master(self._settings, master, config, graph)
        self._is_master_done = True

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Configures a remote master, if that was not done before.

        Raises:
          As `before_create_session`.
        """
        if not self._is_master_done:
            configuration.apply_to_master(
                self._settings,
                configuration.target_of(session),
                None,
                session.graph,
            )
        # The next session may be on a task that was replaced.
        self._is_master_done = False
