"""Values to feed, good and bad, for the fuzz of steps."""

from __future__ import annotations

import array
import collections
import decimal
import enum
import fractions
from typing import Any

import numpy as np
import tensorflow as tf

from tests.conformance.step_fuzz_graph import Key

v1 = tf.compat.v1

# The first ones are numbers, and valid in base64 too.
_WORDS = (b"1234", b"12345678", b"", b"a", b"1.5", b"not a number", b"\xff\x00")
_FLOATS = (0.0, 1.0, -2.5, 3.0, 7.25, 100.5, np.nan, np.inf, 1e-3, 70000.0)
_INTS = (0, 1, 2, 3, 3, 5, 100, 127)
# Those that an int can't always be exactly.
_LARGE = (2**11 + 1, 2**24 + 1, 2**31, 2**53 + 1, 2**63, 2**64, 2**200, -1)
_DIGITS = {
    **{tf.float16: 11, tf.float32: 24, tf.float64: 53},
    **{tf.complex64: 24, tf.complex128: 53},
}


def make_value(rng: Any, key: Key, is_bad: bool) -> Any:
    """Returns a value; from an equal `rng`, an equal one.

    A bad one may fit all the same: TensorFlow knows.
    """
    if key.kind == "pair":
        first = make_value(rng, Key(None, key.tensor), is_bad)
        if isinstance(first, memoryview):
            # TensorFlow flattens it, and crashes if it has two dimensions.
            first = first.tolist()
        return rng.choice([(first, first), [first, first], (first,), first])
    if key.kind in ("sparse", "slices"):
        return _parts_value(rng, key.kind, is_bad)
    if is_bad and not key.shape and rng.random() < 0.5:
        return _edge(rng, key.dtype)  # Where a number may be fed.
    if is_bad and rng.random() < 0.5:
        return rng.choice(_ODDITIES)(rng)
    shape = _concrete(rng, key.shape)
    if is_bad:
        # Of a shape that was right before more of it was known, perhaps.
        other = _concrete(rng, key.first_shape)
        shape = rng.choice([(*shape, 2), shape[1:], (0,), *([other] * 4)])
    return _dressed(rng, _array(rng, key.dtype, shape))


def _concrete(rng: Any, shape: Any) -> tuple[int, ...]:
    if shape is None:
        shape = [None] * rng.randrange(3)
    return tuple(
        rng.choice([0, 1, 2, 3, 3]) if size is None else size for size in shape
    )


def _array(rng: Any, dtype: Any, shape: tuple[int, ...]) -> Any:
    size = int(np.prod(shape))
    if dtype is tf.string:
        words = np.empty(shape, object)
        pool = _WORDS if rng.random() < 0.3 else _WORDS[:2]
        words.flat = [rng.choice(pool) for _ in range(size)]
        return words
    if dtype is tf.bool:
        values = [rng.random() < 0.5 for _ in range(size)]
    elif dtype.is_floating or dtype.is_complex:
        # One bad number in an array is enough to be of interest.
        pool = _FLOATS if rng.random() < 0.3 else _FLOATS[:5]
        values = [rng.choice(pool) for _ in range(size)]
    else:
        values = [rng.choice(_INTS) for _ in range(size)]
    plain = np.array(values, np.float64 if dtype.is_floating else None)
    with np.errstate(all="ignore"):
        return plain.astype(dtype.as_numpy_dtype).reshape(shape)


def _dressed(rng: Any, plain: Any) -> Any:
    """Returns an array's values in one of the forms that they may come in."""
    form = rng.choice(_FORMS)
    with np.errstate(all="ignore"):
        try:
            return form(plain)
        except Exception:
            return plain  # There is no such form of it.


class _ArrayOfOurs(np.ndarray):
    pass


def _strided(plain: Any) -> Any:
    return np.repeat(plain, 2, axis=-1)[..., ::2]


def _read_only(plain: Any) -> Any:
    copy = plain.copy()
    copy.flags.writeable = False
    return copy


def _text(plain: Any) -> Any:
    words = [word.decode() for word in plain.ravel()]
    return np.array(words).reshape(plain.shape)


def _scalar(plain: Any) -> Any:
    return plain[()]  # A NumPy scalar, of rank 0 only.


_FORMS = (
    # The first ones most often: they are what is fed in earnest.
    *([lambda a: a] * 6),
    *([lambda a: a.tolist()] * 4),
    *([lambda a: a.astype(np.float64)] * 2),
    _scalar,
    _scalar,
    lambda a: a.astype(np.float32),
    lambda a: a.astype(np.int64),
    lambda a: a.astype(np.int8),
    lambda a: a.astype(bool),
    lambda a: a.astype(object),
    lambda a: a.astype(np.complex128),
    lambda a: a.astype(a.dtype.newbyteorder(">")),
    lambda a: a.astype(a.dtype.newbyteorder("<")),
    lambda a: a.astype(np.longlong),
    lambda a: a.astype("S5"),
    _text,
    lambda a: _text(a).tolist(),
    np.asfortranarray,
    _strided,
    _read_only,
    lambda a: a[::-1],
    lambda a: a.view(_ArrayOfOurs),
    lambda a: np.ma.masked_array(a, mask=np.zeros(a.shape, bool)),
    lambda a: np.asmatrix(a) if a.ndim == 2 else a,
    lambda a: tuple(a.tolist()),
    lambda a: [tuple(row) for row in a.tolist()],
    lambda a: list(a),
    memoryview,
)


class _Ordinal(enum.IntEnum):
    ONE = 1


class _MyFloat(float):
    pass


class _MyInt(int):
    pass


class _AsArray:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.ones([], dtype)


def _an_int(rng: Any) -> int:
    return rng.choice(_LARGE)


def _edge(rng: Any, dtype: Any) -> int:
    """Returns an int near the end of those that a type holds exactly."""
    end = 1
    if dtype in _DIGITS:
        end = 2 ** _DIGITS[dtype]
    elif dtype.is_integer:
        end = rng.choice([dtype.min, dtype.max])
    return rng.choice([end - 1, end, end + 1, end + 1, _an_int(rng)])


# The fuzz puts a tensor where this is; here there is no graph yet.
A_TENSOR = "a tensor, to be put in"

_ODDITIES = (
    *([_an_int] * 4),
    lambda rng: [_an_int(rng)],
    lambda rng: rng.randrange(4),
    lambda rng: rng.random() < 0.5,
    lambda rng: rng.choice([1.5, -0.0, np.float64(2.5), np.float32(0.1)]),
    lambda rng: None,
    lambda rng: A_TENSOR,
    lambda rng: [A_TENSOR],
    lambda rng: rng.choice(["word", "1.5", "7", "", "\u00e9", "True"]),
    lambda rng: rng.choice([b"word", b"1.5", bytearray(b"12"), b"\xff"]),
    lambda rng: np.str_("1.5"),
    lambda rng: np.bytes_(b"1.5"),
    lambda rng: 1 + 2j,
    lambda rng: [[1, 2], [3]],
    lambda rng: [1, None],
    lambda rng: [1, "two", b"three"],
    lambda rng: {"a": 1},
    lambda rng: {3},
    lambda rng: range(3),
    lambda rng: array.array("f", [1.0, 2.0, 3.0]),
    lambda rng: _Ordinal.ONE,
    lambda rng: _MyFloat(1.5),
    lambda rng: _MyInt(2),
    lambda rng: _AsArray(),
    lambda rng: decimal.Decimal("1.5"),
    lambda rng: fractions.Fraction(1, 2),
    lambda rng: np.datetime64("2020-01-01"),
    lambda rng: np.array([(1, 2.0)], "i4,f4"),
    lambda rng: np.array([1, None, "x"], object),
    lambda rng: v1.SparseTensorValue([[0]], [1.0], [3]),
    lambda rng: (x for x in [1.0]),
    lambda rng: tf.float32,
    lambda rng: _ODDITIES,
)


# Where it has a public name nobody knows; any sequence will do.
_IndexedSlicesValue = collections.namedtuple(
    "_IndexedSlicesValue", ["values", "indices", "dense_shape"]
)


def _parts_value(rng: Any, kind: str, is_bad: bool) -> Any:
    if is_bad and rng.random() < 0.2:
        return rng.choice(_ODDITIES)(rng)
    count = rng.choice([0, 1, 2, 2])
    if kind == "slices":
        indices: Any = np.arange(count)
        parts = [np.ones([count, 1], np.float32), indices, [4, 1]]
        made = _IndexedSlicesValue
    else:
        indices = [[i, 1] for i in range(count)] or np.zeros([0, 2], np.int64)
        values = [rng.choice([0.0, 2.5, 3]) for _ in range(count)]
        parts = [indices, values, [count + 1, 2]]
        made = v1.SparseTensorValue
    if is_bad:
        place = rng.randrange(3)
        parts[place] = rng.choice(_ODDITIES)(rng)
    # TensorFlow takes a namedtuple, a tuple, a list; of other lengths too.
    plain = [tuple, list, np.array] if is_bad else [tuple, list]
    form = rng.choice([lambda p: made(*p), lambda p: made(*p), *plain])
    if is_bad and rng.random() < 0.3:
        form, parts = tuple, rng.choice([parts[:2], [*parts, 1], []])
    try:
        return form(parts)
    except ValueError:  # NumPy makes no array of lists of several lengths.
        return tuple(parts)


def put_in(value: Any, tensor: Any) -> Any:
    """Returns the value with the tensor wherever A_TENSOR stands."""
    if value is A_TENSOR:
        return tensor
    if type(value) in (list, tuple):
        return type(value)(put_in(part, tensor) for part in value)
    return value
