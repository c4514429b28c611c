"""pandas_input_fn: the rows of a DataFrame, as tensors."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator.inputs import pandas_input_fn

v1 = tf.compat.v1


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


@pytest.fixture
def x(pd):
    return pd.DataFrame(
        {"a": np.arange(4) * 1.0, "b": np.arange(32, 36)},
        index=np.arange(100, 104),
    )


@pytest.fixture
def y(pd):
    return pd.Series(np.arange(-32, -28), index=np.arange(100, 104))


def _all_batches(input_fn):
    batches = []
    with tf.Graph().as_default():
        tensors = input_fn()
        with v1.Session() as session:
            try:
                while True:
                    batches.append(session.run(tensors))
            except tf.errors.OutOfRangeError:
                return batches


def test_columns_are_features_and_the_index_is_none(x, y):
    batches = _all_batches(pandas_input_fn(x, y, batch_size=3, shuffle=False))
    features, labels = batches[0]
    assert list(features) == ["a", "b"]
    assert features["a"].tolist() == [0.0, 1.0, 2.0]
    assert features["b"].tolist() == [32, 33, 34]
    assert labels.tolist() == [-32, -31, -30]
    assert batches[1][1].tolist() == [-29]


def test_without_labels_features_come_alone(x):
    (features,) = _all_batches(pandas_input_fn(x, shuffle=False))
    assert sorted(features) == ["a", "b"]


def test_labels_may_be_a_frame_with_columns_of_the_same_name(pd, x):
    y = pd.DataFrame({"b": x["b"] * 2, "c": x["b"] * 3})
    ((features, labels),) = _all_batches(pandas_input_fn(x, y, shuffle=False))
    assert features["b"].tolist() == [32, 33, 34, 35]
    assert list(labels) == ["b", "c"]
    assert labels["b"].tolist() == [64, 66, 68, 70]


def test_shuffled_rows_stay_together_and_come_once_an_epoch(x, y):
    batches = _all_batches(
        pandas_input_fn(
            x, y, batch_size=3, num_epochs=2, shuffle=True, queue_capacity=None
        )
    )
    rows = np.concatenate([features["b"] for features, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    assert sorted(rows) == sorted([32, 33, 34, 35] * 2)
    np.testing.assert_array_equal(rows - labels, 64)


def test_the_frame_is_read_at_once(x):
    input_fn = pandas_input_fn(x, shuffle=False)
    x.loc[:, "b"] = 0
    (features,) = _all_batches(input_fn)
    assert features["b"].tolist() == [32, 33, 34, 35]


def test_strings_categories_and_own_dtypes_of_pandas(pd):
    frame = pd.DataFrame(
        {
            "object": pd.Series(["a", "é"], dtype=object),
            "string": pd.Series(["c", "d"], dtype="string"),
            "category": pd.Categorical(["e", "f"]),
            "Int64": pd.array([1, 2], dtype="Int64"),
            "bool": [True, False],
        }
    )
    (features,) = _all_batches(pandas_input_fn(frame, shuffle=False))
    assert {key: column.tolist() for key, column in features.items()} == {
        "object": [b"a", "é".encode()],
        "string": [b"c", b"d"],
        "category": [b"e", b"f"],
        "Int64": [1, 2],
        "bool": [True, False],
    }


def test_an_index_of_dates_does_no_harm(pd):
    frame = pd.DataFrame(
        {"a": [1, 2]}, index=pd.to_datetime(["2020-01-01", "2020-01-02"])
    )
    (features,) = _all_batches(pandas_input_fn(frame, shuffle=False))
    assert features["a"].tolist() == [1, 2]


def test_the_indexes_of_features_and_labels_are_equal(x, y):
    with pytest.raises(ValueError, match="Index for x and y are mismatched"):
        pandas_input_fn(x, y.reset_index(drop=True), shuffle=False)


def test_no_feature_has_the_name_of_the_target(x, y):
    with pytest.raises(ValueError, match="Cannot use name 'a' for target"):
        pandas_input_fn(x, y, shuffle=False, target_column="a")
    assert pandas_input_fn(x, shuffle=False, target_column="a")


def test_the_name_of_the_target_is_a_string(x, y):
    with pytest.raises(TypeError, match="target_column must be a string type"):
        pandas_input_fn(x, y, shuffle=False, target_column=["a"])


def test_shuffle_has_to_be_given(x):
    with pytest.raises(
        ValueError,
        match="shuffle must be provided and explicitly set as boolean",
    ):
        pandas_input_fn(x)


def test_other_types_are_errors(x):
    with pytest.raises(TypeError, match="x must be a pandas DataFrame; got di"):
        pandas_input_fn({"a": [1]}, shuffle=False)
    with pytest.raises(
        TypeError, match="y must be a pandas Series or DataFram"
    ):
        pandas_input_fn(x, np.arange(4), shuffle=False)


def test_without_rows_it_is_an_error(x):
    with pytest.raises(ValueError, match=r"x cannot be empty.*\(0, 2\)"):
        pandas_input_fn(x.iloc[:0], shuffle=False)


def test_missing_strings_are_named(pd):
    frame = pd.DataFrame({"a": pd.Series(["b", None], dtype=object)})
    with pytest.raises(TypeError, match=r"x\['a'\] .*value 1 is None"):
        pandas_input_fn(frame, shuffle=False)


_WITHOUT_PANDAS = """
import sys
sys.modules["pandas"] = None
from monitored_tf.estimator.inputs import pandas_input_fn
try:
    pandas_input_fn(None, shuffle=False)
except TypeError as error:
    print(error)
"""


def test_without_pandas_it_says_so_when_it_is_called():
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PANDAS],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install pandas" in run.stdout
