"""The ops of the package tensorflow-gcs-config."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import tensorflow as tf

from monitored_tf.cloud import master_run
from monitored_tf.cloud.settings import Settings

_v1 = tf.compat.v1
_MODULE = "tensorflow_gcs_config"
_NO_RELEASE = "it has no release for this TensorFlow"
# By the first TensorFlow that it holds for: our extras pin the releases.
_ADVICE = (
    ((2, 18), _NO_RELEASE),
    ((2, 16), 'pip install "monitored_tf[gcs]"'),
    ((2, 13), 'pip install "monitored_tf[gcs_tf215]"'),
    ((2, 12), 'pip install "monitored_tf[gcs_tf212]"'),
)


class PackageOps:
    """Configures gs:// by the ops of tensorflow-gcs-config."""

    name = "tensorflow-gcs-config"
    can = (
        "credentials, at any time; the block cache; remote masters whose "
        "processes called load_ops()"
    )
    limits = ""

    def why_not(self) -> str:
        """Returns why it can't be used here, "" if it can. Loads it."""
        if importlib.util.find_spec(_MODULE) is None:
            return f"not installed: {_advice()}"
        try:
            importlib.import_module(_MODULE)
        # What it raises where it was built for another TensorFlow.
        except (ImportError, NotImplementedError, tf.errors.OpError) as error:
            return (
                f"does not load into TensorFlow {tf.version.VERSION} "
                f"({type(error).__name__}): {_advice()}"
            )
        return ""

    def configure_process(self, settings: Settings) -> None:
        """Configures this process."""
        config = master_run.local_config()
        master_run.run(_make_ops, settings, "", config)

    def configure_master(
        self, settings: Settings, master: str, config: Any, devices: list[str]
    ) -> None:
        """Configures the tasks behind a master."""
        master_run.run(_make_ops, settings, master, config, devices)


def _advice() -> str:
    version = tuple(map(int, tf.version.VERSION.split(".")[:2]))
    for first, advice in _ADVICE:
        if version >= first:
            return advice
    return _NO_RELEASE


def _make_ops(settings: Settings) -> tuple[list[Any], dict[Any, Any]]:
    package = importlib.import_module(_MODULE)
    made: list[Any] = []
    fed: dict[Any, Any] = {}
    if settings.credentials is not None:
        text = _v1.placeholder(tf.string, [])
        made.append(package.gcs_configure_credentials(text))
        fed[text] = settings.credentials.reveal()
    if settings.block_cache is not None:
        sizes = [_v1.placeholder(tf.uint64, []) for _ in range(3)]
        fed.update(zip(sizes, settings.block_cache.as_tuple()))
        block_size, max_bytes, max_staleness = sizes
        made.append(
            package.gcs_configure_block_cache(
                max_cache_size=max_bytes,
                block_size=block_size,
                max_staleness=max_staleness,
            )
        )
    return made, fed
