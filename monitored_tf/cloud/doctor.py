"""Tells how gs:// can be configured here."""

from __future__ import annotations

import tensorflow as tf

from monitored_tf.cloud import mechanism
from monitored_tf.cloud.errors import GcsConfigurationError


def doctor() -> str:
    """Returns which mechanism is active, and what it can and can't do here.

    Chooses the mechanism of this process, if that was not done before.

    >>> print(doctor().splitlines()[0].partition(" of ")[0])
    gs://

    Returns:
      Text of several lines; the other mechanisms with why they are not used.
    """
    lines = [f"gs:// of TensorFlow {tf.version.VERSION}"]
    try:
        active = mechanism.active()
    except GcsConfigurationError as error:
        return "\n".join([*lines, f"active: none. {error}"])
    lines += [
        f"active: {active.name}",
        f"  can: {active.can}",
        f"  can't: {active.limits or 'nothing that ConfigureGcsHook offers'}",
        "  credentials cross the network to a remote master unencrypted",
    ]
    for other in mechanism.all_by_preference():
        if other is not active:
            why = other.why_not() or "works too"
            lines.append(f"{other.name}: {why}")
    return "\n".join(lines)
