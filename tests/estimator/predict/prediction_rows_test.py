"""Keys and rows of predictions."""

import numpy as np
import pytest

from monitored_tf.estimator.predict import prediction_rows


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (None, "ab"),
        ("", "ab"),
        (["b", "c"], "b"),
        ("ba", "ab"),
        ({"a": 1}, "a"),
    ],
)
def test_keys_choose(keys, left):
    predictions = {"a": 1, "b": 2}
    assert "".join(prediction_rows.chosen(predictions, keys)) == left


def test_rows_of_a_dict_have_its_keys():
    batch = {"a": np.array([1, 2]), "b": np.array([[3, 4], [5, 6]])}
    assert [
        (row["a"], row["b"].tolist()) for row in prediction_rows.rows(batch)
    ] == [(1, [3, 4]), (2, [5, 6])]


def test_an_empty_batch_has_none():
    assert [*prediction_rows.rows({"a": np.zeros([0, 2])})] == []
    assert [*prediction_rows.rows(np.zeros([0, 2]))] == []


def test_sizes_must_agree():
    batch = {"a": np.zeros(2), "b": np.zeros(0)}
    with pytest.raises(ValueError, match="Batch length of predictions"):
        next(prediction_rows.rows(batch))
