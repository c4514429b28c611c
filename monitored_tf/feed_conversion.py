"""Fed values as the arrays that TensorFlow would make of them.

The rules are those of `tf.compat.v1.Session.run`. Where they would raise an
error, or where it is not certain that they accept a value, the answer is to
let `Session.run` handle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from monitored_tf import _tf_private
from monitored_tf.fetch_structure import UnknownStructureError, graph_element

_FITTING = (
    np.ndarray,
    np.generic,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
)
_PLAIN_DTYPES = (
    tf.bool,
    tf.int8,
    tf.int16,
    tf.int32,
    tf.int64,
    tf.uint8,
    tf.uint16,
    tf.uint32,
    tf.uint64,
    tf.float16,
    tf.float32,
    tf.float64,
    tf.complex64,
    tf.complex128,
    tf.string,
)
_SPARSE = (tf.compat.v1.SparseTensorValue, tuple, list)
# From NumPy 2 on TensorFlow lets numbers overflow as NumPy 1 did.
_NUMPY_CHECKS_RANGE = int(np.__version__.split(".")[0]) >= 2


class PreparedFeeds:
    """How to feed the tensors that are the keys of one feed_dict.

    Args:
      feed_dict: A dict; its keys have signatures, its values are not used.
      graph: The `tf.Graph` that runs.

    Raises:
      UnknownStructureError: if a tensor may not be fed, is fed twice, or is of
        a type that is not fed from plain arrays.

    Attributes:
      tensors: The tensors that are fed.
    """

    def __init__(self, feed_dict: dict[Any, Any], graph: Any) -> None:
        self.tensors: list[Any] = []
        self._slots = [_slot(key, graph, self.tensors) for key in feed_dict]
        names = {tensor.name for tensor in self.tensors}
        if len(names) < len(self.tensors):
            raise UnknownStructureError

    def convert(self, feed_dict: dict[Any, Any]) -> dict[Any, Any] | None:
        """Returns the arrays to feed, each under its tensor's handle.

        Args:
          feed_dict: One with the same keys.

        Returns:
          None if `Session.run` had better see it.
        """
        feeds: dict[Any, Any] = {}
        for slot, value in zip(self._slots, feed_dict.values()):
            if not slot.convert(value, feeds):
                return None
        return feeds


def _slot(key: Any, graph: Any, tensors: list[Any]) -> Any:
    if isinstance(key, tf.SparseTensor):
        parts = (key.indices, key.values, key.dense_shape)
        return _SparseSlot([_slot(part, graph, tensors) for part in parts])
    tensor = graph_element(key, graph)
    if not isinstance(tensor, tf.Tensor) or not graph.is_feedable(tensor):
        raise UnknownStructureError
    tensors.append(tensor)
    return _Slot(tensor)


class _SparseSlot:
    """The three tensors of a SparseTensor."""

    def __init__(self, slots: Sequence[_Slot]) -> None:
        self._slots = slots

    def convert(self, value: Any, feeds: dict[Any, Any]) -> bool:
        return (
            type(value) in _SPARSE
            and len(value) == len(self._slots)
            and all(
                slot.convert(part, feeds)
                for slot, part in zip(self._slots, value)
            )
        )


class _Slot:
    """One fed tensor: what a value is converted to, and checked for."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor
        self._handle = _tf_private.tensor_handle(tensor)
        self._dtype = _plain_dtype(tensor.dtype)
        self._int_range = _exact_ints(self._dtype)
        self._casts = _NUMPY_CHECKS_RANGE and np.issubdtype(
            self._dtype, np.number
        )
        self._get_shape = _tf_private.shape_getter(tensor)
        self._shape: Any = None
        # The last shape that fitted: most often the next one is the same.
        self._fitting: tuple[int, ...] | None = None

    def convert(self, value: Any, feeds: dict[Any, Any]) -> bool:
        """Adds the array; returns whether it is certain to be right."""
        # Of native byte order there is but one dtype object of a kind.
        if type(value) is np.ndarray and value.dtype is self._dtype:
            array = value
        elif isinstance(value, _FITTING) or self._is_exact_int(value):
            try:
                array = self._array(value)
            except Exception:  # Session.run meets it too, and tells of it.
                return False
        else:
            return False
        shape = array.shape
        tensor = self._tensor
        if shape != self._fitting or self._get_shape(tensor) is not self._shape:
            fits = tensor.shape.is_compatible_with(shape)
            self._shape = self._get_shape(tensor)
            self._fitting = shape if fits else None
            if not fits:
                return False
        feeds[self._handle] = array
        return True

    def _array(self, value: Any) -> Any:
        if self._casts:
            return np.asarray(value).astype(self._dtype, copy=False)
        return np.asarray(value, dtype=self._dtype)

    def _is_exact_int(self, value: Any) -> bool:
        least, most = self._int_range
        return type(value) in (int, bool) and least <= value <= most


def _plain_dtype(dtype: Any) -> np.dtype[Any]:
    if dtype.base_dtype not in _PLAIN_DTYPES:
        raise UnknownStructureError
    plain: np.dtype[Any] = np.dtype(dtype.as_numpy_dtype)
    return plain


def _exact_ints(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Returns the range in which every int has a value of this type."""
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return int(info.min), int(info.max)
    if dtype.kind in "fc":
        most = 2 ** (np.finfo(dtype).nmant + 1)
        return -most, most
    return 1, 0  # None: TensorFlow refuses a number as text.
