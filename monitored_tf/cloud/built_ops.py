"""The op library that `python -m monitored_tf.cloud.build` makes."""

from __future__ import annotations

import ctypes
from typing import Any

import tensorflow as tf

from monitored_tf.cloud import master_run, op_library
from monitored_tf.cloud.errors import GcsConfigurationError
from monitored_tf.cloud.settings import Settings

_v1 = tf.compat.v1
_TEXT_BYTES = 4096


class BuiltOps:
    """Configures gs:// by the library built for this TensorFlow."""

    name = "built-ops"
    can = (
        "credentials, at any time; the block cache; remote masters whose "
        "processes called load_ops()"
    )
    limits = ""

    def why_not(self) -> str:
        """Returns why it can't be used here, "" if it can. Loads it."""
        if not op_library.is_for_this_tensorflow():
            return "TensorFlow 2.15 or later is needed"
        library = op_library.path()
        if not library.is_file():
            return f"not built: {op_library.BUILD_COMMAND} (g++ is needed)"
        try:
            op_library.load(library)
        except (tf.errors.OpError, OSError) as error:
            return (
                f"{library} can't be loaded ({type(error).__name__}): "
                f"{op_library.BUILD_COMMAND} makes it anew"
            )
        return ""

    def configure_process(self, settings: Settings) -> None:
        """Configures this process.

        A session would fix what the first session of a process decides, as the
        number of threads, before the user's.
        """
        code, text = _call(settings)
        if code:
            if settings.credentials is not None:
                text = settings.credentials.scrub(text)
            kind = _v1.errors.exception_type_from_error_code(code).__name__
            raise GcsConfigurationError(
                f"gs:// was not configured: {kind}: {text}"
            )

    def configure_master(
        self, settings: Settings, master: str, config: Any, devices: list[str]
    ) -> None:
        """Configures the tasks behind a master."""
        master_run.run(_make_ops, settings, master, config, devices)


def _call(settings: Settings) -> tuple[int, str]:
    _, configure = op_library.load(op_library.path())
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    secret = settings.credentials
    cache = settings.block_cache
    code = configure(
        b"" if secret is None else secret.reveal().encode(),
        None if cache is None else (ctypes.c_int64 * 3)(*cache.as_tuple()),
        text,
        _TEXT_BYTES,
    )
    return code, text.value.decode(errors="replace")


def _make_ops(settings: Settings) -> tuple[list[Any], dict[Any, Any]]:
    op, _ = op_library.load(op_library.path())
    text = _v1.placeholder(tf.string, [])
    sizes = _v1.placeholder(tf.int64, [None])
    secret = settings.credentials
    cache = settings.block_cache
    fed = {
        text: "" if secret is None else secret.reveal(),
        sizes: [] if cache is None else list(cache.as_tuple()),
    }
    return [op(text, sizes)], fed
