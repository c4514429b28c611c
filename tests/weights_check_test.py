"""NaN and Inf found in the files of checkpoints."""

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.weights_check import WeightsCheck

v1 = tf.compat.v1


def _saved(folder, values, **saver_arguments):
    """Saves variables with these values; returns the checkpoint's path."""
    with tf.Graph().as_default(), v1.Session() as session:
        variables = [
            v1.Variable(value, name=name, use_resource=True)
            for name, value in values.items()
        ]
        session.run([variable.initializer for variable in variables])
        saver = v1.train.Saver(variables, **saver_arguments)
        return saver.save(session, str(folder / "model.ckpt"), 1)


def _with(value, size=5, dtype=np.float32):
    values = np.ones(size, dtype)
    values[size // 2] = value
    return values


def test_finite_numbers_are_fine(tmp_path):
    values = {"a": _with(3), "step": np.int64(-1), "big": _with(3e38, 3000)}
    path = _saved(tmp_path, values)
    assert WeightsCheck().non_finite(path) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", "float64", "complex64"]
)
def test_each_kind_of_number_is_looked_at(tmp_path, dtype, bad):
    numpy_type = tf.as_dtype(dtype).as_numpy_dtype
    values = {
        "before": np.int8([127]),  # Everything behind it is unaligned.
        "good": _with(2, dtype=numpy_type),
        "weight": _with(bad, dtype=numpy_type),
    }
    ((name, count, size),) = WeightsCheck().non_finite(_saved(tmp_path, values))
    assert (name, count) == ("weight", 1)
    assert size == (10 if dtype == "complex64" else 5)


def test_the_largest_numbers_of_each_kind_are_finite(tmp_path):
    kinds = ("float16", "bfloat16", "float32", "float64", "complex64")
    values = {
        kind: np.full(
            4000, tf.as_dtype(kind).max, tf.as_dtype(kind).as_numpy_dtype
        )
        for kind in kinds[:-1]
    }
    assert WeightsCheck().non_finite(_saved(tmp_path, values)) == []


def test_text_and_whole_numbers_are_no_weights(tmp_path):
    values = {
        "bits": np.full(8, 0x7FC00000, np.int32),  # NaN, were it a float.
        "text": np.array(["one", "two"]),
        "weight": _with(1),
    }
    assert WeightsCheck().non_finite(_saved(tmp_path, values)) == []


def test_all_variables_are_named_with_their_counts(tmp_path):
    values = {"b": _with(np.nan), "a": np.full(4, np.inf), "c": _with(1)}
    assert WeightsCheck().non_finite(_saved(tmp_path, values)) == [
        ("a", 4, 4),
        ("b", 1, 5),
    ]


def test_inf_may_be_in_a_scalar_that_is_a_bound(tmp_path):
    values = {"least": np.float32(np.inf), "weight": _with(np.inf)}
    path = _saved(tmp_path, values)
    check = WeightsCheck()
    assert check.non_finite(path, {"least"}) == [("weight", 1, 5)]
    assert check.non_finite(path, {"weight"}) == [
        ("least", 1, 1),
        ("weight", 1, 5),
    ]


def test_nan_is_no_bound(tmp_path):
    path = _saved(tmp_path, {"least": np.float32(np.nan)})
    assert WeightsCheck().non_finite(path, {"least"}) == [("least", 1, 1)]


def test_slices_of_a_variable_are_looked_at(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        parts = v1.get_variable(
            "parts", (4, 2), partitioner=v1.fixed_size_partitioner(4)
        )
        session.run(v1.global_variables_initializer())
        for part, value in zip(list(parts)[1:3], (np.nan, np.inf)):
            session.run(part.assign([[1, value]]))
        path = v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    # Of the two slices that have such.
    assert WeightsCheck().non_finite(path) == [("parts", 2, 4)]


def test_all_data_files_are_looked_at(tmp_path):
    config = v1.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        for number, value in enumerate((1.0, np.nan)):
            with tf.device(f"/cpu:{number}"):
                v1.get_variable(f"v{number}", initializer=[value])
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(sharded=True)
        path = saver.save(session, str(tmp_path / "model.ckpt"))
    assert len(list(tmp_path.glob("*.data-*-of-00002"))) == 2
    assert WeightsCheck().non_finite(path) == [("v1", 1, 1)]


def test_the_older_format_is_looked_at(tmp_path):
    path = _saved(
        tmp_path,
        {"weight": _with(np.nan), "good": _with(1), "step": np.int64(1)},
        write_version=v1.train.SaverDef.V1,
    )
    assert WeightsCheck().non_finite(path) == [("weight", 1, 5)]


def test_one_check_follows_checkpoints_that_change(tmp_path):
    check = WeightsCheck()
    contents = [
        {"a": _with(1), "b": _with(1)},
        {"a": _with(1), "b": _with(np.nan)},  # Of the same form.
        {"a": _with(1)},
        {"text": np.array(["x" * 9]), "zz": _with(np.nan)},
        {"text": np.array(["x" * 7]), "zz": _with(np.nan)},  # Farther ahead.
        {"a": _with(1), "b": _with(1)},
    ]
    found = []
    for number, values in enumerate(contents):
        (tmp_path / str(number)).mkdir()
        path = _saved(tmp_path / str(number), values)
        found.append([name for name, _, _ in check.non_finite(path)])
    assert found == [[], ["b"], [], ["zz"], ["zz"], []]


def test_a_data_file_that_is_missing_is_an_error(tmp_path):
    path = _saved(tmp_path, {"weight": _with(1)})
    for file in tmp_path.glob("*.data*"):
        file.unlink()
    with pytest.raises(OSError, match="No such file"):
        WeightsCheck().non_finite(path)
