"""Our input functions and tensorflow_estimator's give the same."""

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator import inputs as ours

v1 = tf.compat.v1


@pytest.fixture
def theirs():
    pytest.importorskip("tensorflow_estimator")
    return v1.estimator.inputs


def _batches(input_fn, limit=12):
    """Returns shapes of the tensors, and what runs give until the end."""
    with tf.Graph().as_default():
        tensors = input_fn()
        shapes = tf.nest.map_structure(lambda t: t.shape.as_list(), tensors)
        batches = []
        with v1.train.MonitoredSession() as session:
            while not session.should_stop() and len(batches) < limit:
                batches.append(session.run(tensors))
    return shapes, batches


def _assert_same(one, other):
    assert one[0] == other[0]
    assert len(one[1]) == len(other[1])
    for batch, expected in zip(one[1], other[1]):
        tf.nest.assert_same_structure(batch, expected)
        for array, right in zip(
            tf.nest.flatten(batch), tf.nest.flatten(expected)
        ):
            assert array.dtype == right.dtype
            np.testing.assert_array_equal(array, right)


_A = np.arange(10.0, dtype=np.float32).reshape(5, 2)
_B = np.arange(32, 37)
_S = np.array(["a", "b", "ü", "", "e"])


@pytest.mark.parametrize("batch_size", [1, 2, 5, 8])
@pytest.mark.parametrize("num_epochs", [0, 1, 3, None])
@pytest.mark.parametrize(
    ("x", "y"),
    [(_A, None), ({"b": _B, "s": _S, "a": _A}, _B), (_B, {"z": _A, "y": _S})],
    ids=["array", "dict and array", "array and dict"],
)
def test_batches_of_numpy_input_fn(theirs, x, y, batch_size, num_epochs):
    kwargs = {
        "batch_size": batch_size,
        "num_epochs": num_epochs,
        "shuffle": False,
    }
    _assert_same(
        _batches(ours.numpy_input_fn(x, y, **kwargs)),
        _batches(theirs.numpy_input_fn(x, y, **kwargs)),
    )


@pytest.mark.parametrize("batch_size", [2, 8])
@pytest.mark.parametrize("labels", ["none", "series", "frame"])
def test_batches_of_pandas_input_fn(theirs, labels, batch_size):
    pd = pytest.importorskip("pandas")
    # Theirs knows no other strings than objects.
    strings = pd.Series(_S, dtype=object)
    x = pd.DataFrame({"b": _B, "a": _A[:, 0], "s": strings})
    y = {"none": None, "series": x["b"] * 2, "frame": x[["b", "a"]] * 2}[labels]
    kwargs = {"batch_size": batch_size, "num_epochs": 2, "shuffle": False}
    _assert_same(
        _batches(ours.pandas_input_fn(x, y, **kwargs)),
        _batches(theirs.pandas_input_fn(x, y, **kwargs)),
    )


def test_shuffled_both_give_every_row_as_often(theirs):
    rows = np.arange(50)
    for module in (ours, theirs):
        _, batches = _batches(
            module.numpy_input_fn(
                rows, batch_size=16, num_epochs=2, shuffle=True
            )
        )
        assert sorted(np.concatenate(batches)) == sorted([*rows] * 2)
        assert [len(batch) for batch in batches] == [16] * 6 + [4]


@pytest.mark.parametrize("shuffle", [False, True])
def test_variables_get_the_same_initial_values(theirs, shuffle):
    def value(module):
        with tf.Graph().as_default():
            v1.set_random_seed(3)
            module.numpy_input_fn(_A, shuffle=shuffle)()
            weights = v1.get_variable("weights", [4])
            with v1.Session() as session:
                session.run(weights.initializer)
                return session.run(weights)

    np.testing.assert_array_equal(value(ours), value(theirs))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"x": [1, 2], "shuffle": False},
        {"x": {}, "shuffle": False},
        {"x": np.array([]), "shuffle": False},
        {"x": _A, "y": {}, "shuffle": False},
        {"x": _A, "y": np.arange(4), "shuffle": False},
        {"x": {"a": _A}, "y": {"a": _B}, "shuffle": False},
        {"x": _A},
        {"x": _A, "shuffle": 1},
    ],
)
def test_errors_of_numpy_input_fn_have_the_same_type(theirs, kwargs):
    errors = []
    for module in (ours, theirs):
        with tf.Graph().as_default():
            with pytest.raises((TypeError, ValueError)) as raised:
                module.numpy_input_fn(**kwargs)()
        errors.append(raised.type)
    assert errors[0] is errors[1]


def test_eager_execution_is_the_same_error(theirs):
    for module in (ours, theirs):
        with pytest.raises(RuntimeError):
            module.numpy_input_fn(_A, shuffle=False)()
