"""Credentials and read cache of TensorFlow's gs:// files, set while it runs.

    hook = monitored_tf.ConfigureGcsHook(credentials=json_text)
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir="gs://private/model", hooks=[hook]
    ) as session:
        ...

What can be set here, and by which mechanism, `doctor()` tells; so does
`python -m monitored_tf.cloud`. A name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitored_tf import _lazy_names

if TYPE_CHECKING:
    from monitored_tf.cloud.block_cache_params import (
        BlockCacheParams as BlockCacheParams,
    )
    from monitored_tf.cloud.configuration import (
        configure_colab_session as configure_colab_session,
        configure_gcs as configure_gcs,
        load_ops as load_ops,
    )
    from monitored_tf.cloud.doctor import doctor as doctor
    from monitored_tf.cloud.errors import (
        GcsConfigurationError as GcsConfigurationError,
    )
    from monitored_tf.hooks.configure_gcs_hook import (
        ConfigureGcsHook as ConfigureGcsHook,
    )

_NAMES = {
    "cloud.block_cache_params": ("BlockCacheParams",),
    "cloud.configuration": (
        "configure_colab_session",
        "configure_gcs",
        "load_ops",
    ),
    "cloud.doctor": ("doctor",),
    "cloud.errors": ("GcsConfigurationError",),
    "hooks.configure_gcs_hook": ("ConfigureGcsHook",),
}
_lazy = _lazy_names.LazyNames(__name__, _NAMES, ())
__all__ = _lazy.all
__getattr__ = _lazy.get
__dir__ = _lazy.dir
