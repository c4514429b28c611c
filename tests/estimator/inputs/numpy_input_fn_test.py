"""numpy_input_fn: the rows of arrays, as tensors, outside the graph."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator.inputs import numpy_input_fn

v1 = tf.compat.v1


def _all_batches(input_fn, limit=100):
    """Returns what runs give, in a graph of its own, until the end."""
    batches = []
    with tf.Graph().as_default():
        tensors = input_fn()
        with v1.Session() as session:
            with contextlib.suppress(tf.errors.OutOfRangeError):
                while len(batches) < limit:
                    batches.append(session.run(tensors))
    return batches


def _lists(batches):
    return [batch.tolist() for batch in batches]


A = np.arange(5) * 1.0
B = np.arange(32, 37)
Y = np.arange(-32, -27)


def test_dicts_and_labels_keep_their_form():
    batches = _all_batches(
        numpy_input_fn({"a": A, "b": B}, Y, batch_size=2, shuffle=False)
    )
    assert len(batches) == 3
    features, labels = batches[0]
    assert list(features) == ["a", "b"]
    assert features["a"].tolist() == [0.0, 1.0]
    assert features["b"].tolist() == [32, 33]
    assert labels.tolist() == [-32, -31]


def test_an_array_is_given_as_a_tensor_and_without_labels_alone():
    batches = _all_batches(numpy_input_fn(B, batch_size=4, shuffle=False))
    assert _lists(batches) == [[32, 33, 34, 35], [36]]


def test_labels_may_be_a_dict():
    ((features, labels),) = _all_batches(
        numpy_input_fn(A, {"z": B, "y": Y}, shuffle=False)
    )
    assert features.tolist() == A.tolist()
    assert list(labels) == ["y", "z"]
    assert labels["z"].tolist() == B.tolist()


def test_features_come_in_the_order_of_their_keys(graph):
    features = numpy_input_fn({"b": B, "a": A}, shuffle=False)()
    assert list(features) == ["a", "b"]


def test_any_key_may_be_a_feature():
    ((features, labels),) = _all_batches(
        numpy_input_fn({"__target_key__": A, "label": B}, Y, shuffle=False)
    )
    assert sorted(features) == ["__target_key__", "label"]
    assert labels.tolist() == Y.tolist()


def test_batches_run_across_epochs_and_the_last_may_be_short():
    batches = _all_batches(
        numpy_input_fn(np.arange(5), batch_size=2, num_epochs=3, shuffle=False)
    )
    assert _lists(batches) == [
        [0, 1],
        [2, 3],
        [4, 0],
        [1, 2],
        [3, 4],
        [0, 1],
        [2, 3],
        [4],
    ]


def test_without_epochs_it_has_no_end_and_full_batches():
    input_fn = numpy_input_fn(
        np.zeros((3, 7)), batch_size=2, num_epochs=None, shuffle=False
    )
    assert len(_all_batches(input_fn, limit=50)) == 50


@pytest.mark.parametrize(("epochs", "size"), [(1, None), (None, 2)])
def test_the_batch_size_is_known_where_no_batch_is_short(epochs, size, graph):
    features = numpy_input_fn(
        np.zeros((3, 7, 4)), batch_size=2, num_epochs=epochs, shuffle=False
    )()
    assert features.shape.as_list() == [size, 7, 4]


def test_no_epoch_is_the_end_at_once():
    assert not _all_batches(numpy_input_fn(A, num_epochs=0, shuffle=False))


def test_shuffled_every_row_comes_once_an_epoch():
    input_fn = numpy_input_fn(
        np.arange(100), batch_size=30, num_epochs=2, shuffle=True
    )
    batches = _lists(_all_batches(input_fn))
    assert [len(batch) for batch in batches] == [30] * 6 + [20]
    assert sorted(sum(batches, [])) == sorted([*range(100)] * 2)


def test_shuffled_features_and_labels_stay_together():
    rows = np.arange(200)
    batches = _all_batches(
        numpy_input_fn({"a": rows, "b": -rows}, rows * 2.0, shuffle=True)
    )
    for features, labels in batches:
        np.testing.assert_array_equal(features["b"], -features["a"])
        np.testing.assert_array_equal(labels, 2.0 * features["a"])


def test_shuffled_sessions_begin_at_another_row_each(graph):
    rows = numpy_input_fn(
        np.arange(1000), batch_size=1, shuffle=True, queue_capacity=1
    )()
    firsts = set()
    for _ in range(8):
        with v1.Session() as session:
            firsts.add(int(session.run(rows)[0]))
    assert len(firsts) > 1


def test_rows_are_shuffled_within_the_queue_capacity():
    input_fn = numpy_input_fn(
        np.arange(100), batch_size=100, shuffle=True, queue_capacity=10
    )
    (rows,) = _all_batches(input_fn)
    for block in rows.reshape(10, 10):
        # Consecutive, if 0 follows 99.
        assert min(np.ptp((block + shift) % 100) for shift in (0, 50)) == 9


def test_each_thread_gives_all_epochs(caplog):
    input_fn = numpy_input_fn(
        np.arange(3), batch_size=4, num_epochs=2, shuffle=False, num_threads=2
    )
    rows = sum(_lists(_all_batches(input_fn)), [])
    assert sorted(rows) == sorted([0, 1, 2] * 4)
    assert "gives every row 4 times" in caplog.text


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a", "bé"]),
        np.array(["a", b"b"], dtype=object),
        np.array([b"a", b"bc"]),
        np.array([True, False]),
        np.array([1, 2], "f2"),
        np.array([1, 2], "u2"),
        np.array([1j, 2]),
        np.array([1, 2], ">i4"),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(8)[::4],
    ],
    ids=lambda array: f"{array.dtype}{array.ndim}",
)
def test_dtypes(array):
    (batch,) = _all_batches(numpy_input_fn(array, shuffle=False))
    expected = array.tolist()
    if batch.dtype == object:
        expected = [tf.compat.as_bytes(value) for value in expected]
    assert batch.tolist() == expected


def test_memory_mapped_arrays_and_what_is_like_an_array(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(4))
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    batches = _all_batches(numpy_input_fn({"a": mapped}, shuffle=False))
    assert batches[0]["a"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("kwargs", "error", "match"),
    [
        ({"x": [1, 2]}, TypeError, "x must be a dict or array; got list"),
        ({"x": {}}, ValueError, "x cannot be an empty dict"),
        ({"x": np.array([])}, ValueError, "x cannot be an empty ndarray"),
        ({"x": {"a": np.zeros((0, 2))}}, ValueError, "x cannot be an empty"),
        ({"x": A, "y": {}}, ValueError, "y cannot be empty"),
        (
            {"x": A, "y": np.arange(4)},
            ValueError,
            r"Length of tensors in x and y is mismatched.*x: \(5,\); in y: \(4,"
            r"\)",
        ),
        (
            {"x": {"a": A, "b": np.arange(4)}},
            ValueError,
            "Length of tensors in x and y is mismatched.*'b': ",
        ),
        (
            {"x": {"a": A, "b": B}, "y": {"b": A, "a": B}},
            ValueError,
            "2 duplicate keys are found in both x and y: .'a', 'b'.",
        ),
        ({"x": {"a": [1, 2]}}, TypeError, r"x\['a'\] must be a numpy array"),
        ({"x": A, "y": np.array(3)}, ValueError, "y has no rows"),
        (
            {"x": {"a": np.zeros(2, "datetime64[s]")}},
            TypeError,
            r"x\['a'\] has dtype datetime64.* Convert",
        ),
        (
            {"x": {"a": np.array(["a", None])}},
            TypeError,
            r"x\['a'\] is an array of objects.*value 1 is None",
        ),
    ],
)
def test_what_cannot_be_given_is_an_error_of_input_fn(
    graph, kwargs, error, match
):
    input_fn = numpy_input_fn(batch_size=2, shuffle=False, **kwargs)
    with pytest.raises(error, match=match):
        input_fn()


@pytest.mark.parametrize("shuffle", [None, "True", 1, 0])
def test_shuffle_has_to_be_given_as_a_bool(shuffle):
    with pytest.raises(
        ValueError,
        match="shuffle must be provided and explicitly set as boolean",
    ):
        numpy_input_fn(A, shuffle=shuffle)


@pytest.mark.parametrize(
    "name", ["batch_size", "queue_capacity", "num_threads"]
)
def test_sizes_are_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1. It is 0"):
        numpy_input_fn(A, shuffle=True, **{name: 0})
