"""`tf.compat.v1.layers` and `tf.compat.v1.nn.rnn_cell`, which Keras 3 lacks.

TensorFlow took them from Keras 2. They live on, unchanged, in tf_keras.
"""

from __future__ import annotations

import contextlib
import inspect
import traceback
import types
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from monitored_tf import _keras_private

_CURE = (
    "install tf_keras of TensorFlow's own version, as with "
    'pip install --no-deps "tf_keras==2.21.*", and call '
    "monitored_tf.install(), which takes them from there; or, with tf_keras "
    "installed, set "
    "TF_USE_LEGACY_KERAS=1 in the environment before TensorFlow is imported, "
    "which gives all of tf.keras from there"
)


class LegacyModule(types.ModuleType):
    """A module of TensorFlow 1 whose names are those of one in tf_keras.

    tf_keras is imported when a name is first used.

    Args:
      name: The module's own, as `tensorflow.compat.v1.layers`.
      source: What `_keras_private.legacy_module` takes.
    """

    def __init__(self, name: str, source: str) -> None:
        super().__init__(name)
        self._source = source

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Importing asks for many: load nothing.
            raise AttributeError(name)
        module = _keras_private.legacy_module(self._source)
        if module is None:
            raise AttributeError(
                f"{self.__name__}.{name} needs tf_keras: TensorFlow took it "
                f"from Keras 2, and has Keras 3 now. To have it: {_CURE}."
            )
        if not hasattr(module, name):
            raise AttributeError(
                f"module {self.__name__!r} has no attribute {name!r}"
            )
        return getattr(module, name)

    def __dir__(self) -> list[str]:
        module = _keras_private.legacy_module(self._source)
        return [] if module is None else dir(module)


LAYERS = LegacyModule("tensorflow.compat.v1.layers", "layers")
RNN_CELL = LegacyModule("tensorflow.compat.v1.nn.rnn_cell", "rnn_cell")


def are_missing() -> bool:
    """Returns whether TensorFlow itself has them no more."""
    try:
        keras = tf.keras
        # tf_keras in its place has no version there.
        version = str(getattr(keras, "__version__", "2"))
    except ImportError:  # There is no Keras of any kind.
        return True
    return version.partition(".")[0] == "3"


@contextlib.contextmanager
def naming_the_cure() -> Iterator[None]:
    """Says more where TensorFlow only says that Keras 3 lacks a name.

    Raises:
      AttributeError: with the way out, for that of `tf.compat.v1.layers` and
        `tf.compat.v1.nn.rnn_cell` in a TensorFlow with Keras 3.
    """
    try:
        yield
    except AttributeError as error:
        loader = type(tf.compat.v1.layers)
        if loader is LegacyModule or not _is_raised_in(error, loader):
            raise
        raise AttributeError(
            f"{error} Of tf.compat.v1, layers and nn.rnn_cell are gone with "
            f"Keras 2. To have them: {_CURE}."
        ) from error


def _is_raised_in(error: BaseException, cls: type) -> bool:
    try:
        file = inspect.getfile(cls)
    except TypeError:  # It is of C, as a module itself.
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code.co_filename == file
