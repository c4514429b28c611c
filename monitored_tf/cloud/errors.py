"""The error of what can't be configured."""

from __future__ import annotations

from monitored_tf.errors import MonitoredTFError


class GcsConfigurationError(MonitoredTFError, RuntimeError):
    """What was asked for gs:// can't be done here; says why and the way out.

    Never holds a word of the credentials.
    """
