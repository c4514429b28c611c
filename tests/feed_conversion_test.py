"""Fed values as the arrays that TensorFlow would make of them."""

import array
import enum

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import _tf_private
from monitored_tf.feed_conversion import PreparedFeeds
from monitored_tf.fetch_structure import UnknownStructureError

v1 = tf.compat.v1

INTS = (tf.int8, tf.int16, tf.int32, tf.int64)
UINTS = (tf.uint8, tf.uint16, tf.uint32, tf.uint64)
FLOATS = (tf.float16, tf.float32, tf.float64)
COMPLEX = (tf.complex64, tf.complex128)
NUMBERS = (*INTS, *UINTS, *FLOATS, *COMPLEX)
DTYPES = (tf.bool, *NUMBERS, tf.string)
SHAPES = (None, [], [None], [3], [2, 3])


class _One(enum.IntEnum):
    ONE = 1


class _Int(int):
    pass


class _AsArray:
    def __array__(self, dtype=None, copy=None):
        return np.ones([], dtype)


class _OwnArray(np.ndarray):
    pass


# Limits of ints, and the first ints that a float can't hold.
_LIMITS = [
    sign * 2**bits + more
    for bits in (7, 8, 11, 15, 16, 24, 31, 32, 53, 63, 64, 200)
    for sign in (1, -1)
    for more in (-1, 0, 1)
]
_ARRAYS = [
    np.array([0, 1, 2]).astype(kind)
    for kind in (*"?bhilqBHILQefdcFDO", "S1", "U1", ">i4", ">f8", "<i2")
]
VALUES = [
    *(0, 1, 2, True, False, 1.5, -0.0, float("nan"), float("inf"), 1e300, 2j),
    *("", "a", "1.5", "2", "\u00e9", b"", b"a", b"1.5", b"\xff\0", "True"),
    *_LIMITS,
    *([], [0], [0, 1, 2], (1, 2, 3), [1.5, 2.5, -3], [True, False, True]),
    *(["a", "b", "c"], [b"a", b"b", b"c"], ["1", "2", "3"], ["a", 1, None]),
    *([[1, 2, 3], [4, 5, 6]], ([0.5] * 3,) * 2, [[1, 2], [3]], [[]], [None]),
    *([300, -1, 2**31], [2**53 + 1] * 3, [2**64] * 3, [-1, 2**200, 1], [1j]),
    *(np.float64(2.5), np.float32(0.1), np.int64(7), np.int8(-1), np.bool_(1)),
    *(np.str_("1.5"), np.bytes_(b"2"), np.complex64(1j), np.datetime64(5, "s")),
    *_ARRAYS,
    np.zeros([]),
    np.zeros([0], np.float32),
    np.arange(6).reshape(2, 3),
    np.arange(6, dtype=np.int32).reshape(3, 2).T,
    np.arange(6, dtype=np.float32)[::-2],
    np.array([b"x", "y", b"\xff"], object),
    np.array([1, None, "x"], object),
    np.array([np.nan, -np.inf, 70000.0]),
    np.arange(3.0).view(_OwnArray),
    np.ma.masked_array([1, 2, 3], [False, True, False]),
    np.array([(1, 2.0)], "i4,f4"),
    *(_One.ONE, _Int(2), _AsArray(), [_AsArray()] * 3, range(3), {"a": 1}),
    *(None, {1}, bytearray(b"12"), memoryview(b"abc"), array.array("f", [1.0])),
    tf.float32,
]


def _prepare(graph, *keys):
    return PreparedFeeds(dict.fromkeys(keys), graph)


def _converted(fed, value):
    """Returns what a value becomes; None if it is left to Session.run."""
    feeds = _prepare(fed.graph, fed).convert({fed: value})
    if feeds is None:
        return None
    (result,) = feeds.values()
    return result


def _outcome(run, value):
    """Returns all that can be told from a result, or from an error."""
    try:
        result = run(value)
    except Exception as error:  # Whatever TensorFlow says to odd values.
        return type(error), str(error)
    result = np.asarray(result)
    return result.dtype, result.shape, repr(result.tolist())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_a_value_becomes_what_session_run_makes_of_it(
    graph, dtype, shape, monkeypatch
):
    monkeypatch.delenv("MONITORED_TF_PUBLIC_API_ONLY", raising=False)
    fed = v1.placeholder(dtype, shape)
    fetched = tf.identity(fed)
    feeds = _prepare(graph, fed)
    with v1.Session() as session:
        runner = _tf_private.prepared_runner(session)
        handles = [_tf_private.tensor_handle(fetched)]

        def theirs(value):
            return session.run(fetched, {fed: value})

        def ours(value):
            arrays = feeds.convert({fed: value})
            if arrays is None:
                return theirs(value)
            return runner.run(arrays, handles, [])[0]

        for value in VALUES:
            assert _outcome(ours, value) == _outcome(theirs, value), repr(value)


@pytest.mark.parametrize("dtype", NUMBERS, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize(
    "value",
    [1, True, 1.5, [0, 1, 2], (1, 2.5), "2", np.int64(7), np.ones([2, 3])],
    ids=repr,
)
def test_what_is_usual_for_a_number_is_converted(graph, dtype, value):
    made = _converted(v1.placeholder(dtype), value)
    expected = np.asarray(value).astype(dtype.as_numpy_dtype)
    assert (type(made), made.dtype) == (np.ndarray, expected.dtype)
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("value", ["a", b"a", ["a", "b"], np.array(["a"])])
def test_what_is_usual_for_text_is_converted(graph, value):
    made = _converted(v1.placeholder(tf.string), value)
    assert (type(made), made.dtype) == (np.ndarray, np.dtype(object))
    assert made.tolist() == np.asarray(value).astype(object).tolist()


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize(
    "value", [None, _One.ONE, _Int(1), _AsArray(), range(3), {1}], ids=repr
)
def test_what_is_of_no_usual_type_is_left_to_session_run(graph, dtype, value):
    assert _converted(v1.placeholder(dtype), value) is None


@pytest.mark.parametrize(
    ("dtype", "least", "most"),
    [
        (tf.bool, 0, 1),
        (tf.int8, -(2**7), 2**7 - 1),
        (tf.int64, -(2**63), 2**63 - 1),
        (tf.uint8, 0, 2**8 - 1),
        (tf.uint64, 0, 2**64 - 1),
        (tf.float16, -(2**11), 2**11),
        (tf.float32, -(2**24), 2**24),
        (tf.float64, -(2**53), 2**53),
        (tf.complex64, -(2**24), 2**24),
        (tf.complex128, -(2**53), 2**53),
    ],
    ids=str,
)
def test_an_int_is_converted_if_the_type_has_every_int_up_to_it(
    graph, dtype, least, most
):
    fed = v1.placeholder(dtype)
    assert [_converted(fed, n) == n for n in (least, most)] == [True, True]
    assert [_converted(fed, n) for n in (least - 1, most + 1)] == [None, None]


@pytest.mark.parametrize("number", [0, 1, True])
def test_a_number_for_text_is_left_to_session_run(graph, number):
    assert _converted(v1.placeholder(tf.string), number) is None


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_an_array_of_the_type_is_fed_as_it_is(graph, dtype):
    fed = v1.placeholder(dtype, [None, 2])
    value = np.ones([3, 2], dtype.as_numpy_dtype)
    assert _converted(fed, value) is value
    assert _converted(fed, value[::-1]).base is value


@pytest.mark.parametrize("dtype", NUMBERS, ids=lambda dtype: dtype.name)
def test_of_a_subclass_of_array_a_plain_view_is_fed(graph, dtype):
    value = np.ones([3], dtype.as_numpy_dtype).view(_OwnArray)
    made = _converted(v1.placeholder(dtype), value)
    assert type(made) is np.ndarray
    assert np.shares_memory(made, value)


@pytest.mark.parametrize("dtype", COMPLEX, ids=lambda dtype: dtype.name)
def test_a_complex_number_is_converted(graph, dtype):
    assert _converted(v1.placeholder(dtype), 1 + 2j) == 1 + 2j


def test_a_value_of_another_shape_is_left_to_session_run(graph):
    fed = v1.placeholder(tf.float32, [None, 2])
    feeds = _prepare(graph, fed)
    shapes = [(3, 2), (2,), (3, 2), (4, 2), (4, 3), (0, 2), (4, 2), (2, 3, 2)]
    arrays = [np.zeros(shape, np.float32) for shape in shapes]
    converted = [feeds.convert({fed: value}) for value in arrays]
    assert [c and [*c.values()][0].shape for c in converted] == [
        *((3, 2), None, (3, 2), (4, 2), None, (0, 2), (4, 2), None)
    ]


def test_a_shape_that_was_set_later_counts(graph):
    fed = v1.placeholder(tf.float32)
    feeds = _prepare(graph, fed)
    two, three = {fed: [1.0, 2.0]}, {fed: [1.0, 2.0, 3.0]}
    assert feeds.convert(three) is not None
    fed.set_shape([None])
    assert feeds.convert(three) is not None
    fed.set_shape([2])
    assert feeds.convert(three) is None
    assert feeds.convert(two) is not None
    assert feeds.convert(three) is None


def test_a_shape_that_was_set_later_counts_each_time(graph):
    fed = v1.placeholder(tf.float32)
    feeds = _prepare(graph, fed)
    three = {fed: [1.0, 2.0, 3.0]}
    assert feeds.convert(three) is not None
    fed.set_shape([2])
    assert [feeds.convert(three), feeds.convert(three)] == [None, None]


def test_each_key_gets_its_value_under_the_handle_of_its_tensor(graph):
    a, b = v1.placeholder(tf.int32, [], "a"), v1.placeholder(tf.string)
    var = v1.get_variable("var", initializer=0.5, use_resource=False)
    keys = ["a:0", b, var]
    feeds = _prepare(graph, *keys)
    tensors = [a, b, graph.as_graph_element(var)]
    assert feeds.tensors == tensors
    for values in ([1, "x", 2.5], [3, "y", 4.5]):
        arrays = feeds.convert(dict(zip(keys, values)))
        handles = map(_tf_private.tensor_handle, tensors)
        assert arrays == dict(zip(handles, values))
    assert feeds.convert(dict(zip(keys, [1, 2, 3.0]))) is None


SPARSE = ([[0, 1]], [2.5], [2, 2])


@pytest.fixture
def sparse(graph):
    return v1.sparse_placeholder(tf.float32, [None, 2])


@pytest.mark.parametrize(
    "make", [tuple, list, lambda v: v1.SparseTensorValue(*v)]
)
def test_a_sparse_tensor_is_fed_its_parts(graph, sparse, make):
    feeds = _prepare(graph, sparse)
    parts = [sparse.indices, sparse.values, sparse.dense_shape]
    assert feeds.tensors == parts
    arrays = feeds.convert({sparse: make(SPARSE)})
    assert [(a.dtype, a.tolist()) for a in arrays.values()] == [
        *((np.int64, [[0, 1]]), (np.float32, [2.5]), (np.int64, [2, 2]))
    ]
    assert [*arrays] == [_tf_private.tensor_handle(part) for part in parts]


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, "abc", (), SPARSE[:2], [*SPARSE, 1], iter(SPARSE)),
        *(
            (None, [2.5], [2, 2]),
            ([0, 1], [2.5], [2, 2]),
            ([[0, 1]], 2, [2, 2]),
        ),
        type("Tuple", (tuple,), {})(SPARSE),
        np.ones([3, 1, 2]),
        tf.SparseTensorSpec([2]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_sparse_value_that_is_not_certain_is_left_to_session_run(
    graph, sparse, value
):
    assert _prepare(graph, sparse).convert({sparse: value}) is None


def test_a_subclass_of_sparse_tensor_is_fed_like_one(graph):
    class Sparse(tf.SparseTensor):
        pass

    fed = Sparse(*map(v1.placeholder, (tf.int64, tf.float32, tf.int64)))
    arrays = _prepare(graph, fed).convert({fed: SPARSE})
    assert [a.tolist() for a in arrays.values()] == [*SPARSE]


def test_what_is_fed_twice_is_unknown(graph, sparse):
    fed = v1.placeholder(tf.float32, name="fed")
    for keys in ((fed, "fed:0"), (sparse, sparse.values)):
        with pytest.raises(UnknownStructureError):
            _prepare(graph, *keys)


def test_what_may_not_be_fed_is_unknown(graph, sparse):
    fed = v1.placeholder(tf.float32)
    for tensor in (fed, sparse.values):
        graph.prevent_feeding(tensor)
    for key in (fed, sparse, fed.op, fed.op.name, tf.no_op()):
        with pytest.raises(UnknownStructureError):
            _prepare(graph, key)


def test_what_is_of_another_graph_or_no_tensor_is_unknown(graph):
    fed = v1.placeholder(tf.float32)
    for key in (fed, v1.sparse_placeholder(tf.float32), (fed, fed), None):
        with pytest.raises(UnknownStructureError):
            _prepare(tf.Graph(), key)
    with pytest.raises(UnknownStructureError):
        _prepare(graph, (fed, fed))


@pytest.mark.parametrize(
    "dtype", [tf.resource, tf.variant, tf.bfloat16, tf.qint8, tf.half._as_ref]
)
def test_only_what_numpy_has_too_is_converted(graph, dtype):
    fed = v1.placeholder(dtype)
    if dtype.base_dtype in DTYPES:
        assert _converted(fed, 1.5) == np.float16(1.5)
    else:
        with pytest.raises(UnknownStructureError):
            _prepare(graph, fed)
