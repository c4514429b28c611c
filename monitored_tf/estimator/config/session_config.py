"""The session's configuration where the user gives none."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def get_default_session_config(device_filters: Any = ()) -> Any:
    """Returns the `tf.compat.v1.ConfigProto` where the user gives none.

    Args:
      device_filters: Devices that the session may see; empty for all.
    """
    return tf.compat.v1.ConfigProto(
        allow_soft_placement=True,
        graph_options=tf.compat.v1.GraphOptions(
            # One pass over the graph: a second seldom finds more.
            rewrite_options={"meta_optimizer_iterations": 1}
        ),
        device_filters=device_filters,
    )
