"""Checkpoints of TensorFlow 2.15 go on here, and ours go on there."""

import json
import shutil

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator import old_checkpoint

NAME = f"model.ckpt-{old_checkpoint.FIRST_STEPS}"
EXPECTED = json.loads(old_checkpoint.RECORD.read_text())


@pytest.fixture
def of_2_15(tmp_path):
    """A folder with the checkpoint that the real one wrote on 2.15."""
    return shutil.copytree(old_checkpoint.FOLDER, tmp_path / "of_2_15")


@pytest.fixture
def of_ours(tmp_path):
    """A folder with the checkpoint that ours writes here."""
    made = old_checkpoint.estimator_in(ours, tmp_path / "of_ours")
    made.train(old_checkpoint.input_fn, steps=old_checkpoint.FIRST_STEPS)
    return tmp_path / "of_ours"


# What is restored from the file of 2.15 is what 2.15 had, bit by bit; each is
# resumed by ours and, where it can be imported, by the real one.
@pytest.mark.parametrize(
    ("writer", "tolerance"), [("of_2_15", 0), ("of_ours", 1e-4)]
)
def test_training_goes_on_as_the_real_one_went_on_on_2_15(
    writer, tolerance, estimator, request
):
    folder = request.getfixturevalue(writer)
    seen = old_checkpoint.resumed(estimator, folder)
    first = old_checkpoint.FIRST_STEPS
    last = first + old_checkpoint.MORE_STEPS
    assert seen["restored"]["global_step"] == [first]
    assert seen["trained"]["global_step"] == [last]
    assert len(seen["losses"]) == old_checkpoint.MORE_STEPS
    _assert_close(seen["restored"], EXPECTED["restored"], tolerance)
    for what in ("losses", "trained", "evaluated"):
        _assert_close(seen[what], EXPECTED[what], 1e-4)


def test_the_files_hold_the_same(of_2_15, of_ours):
    readers = [
        tf.train.load_checkpoint(str(folder / NAME))
        for folder in (of_2_15, of_ours)
    ]
    shapes, our_shapes = (one.get_variable_to_shape_map() for one in readers)
    dtypes, our_dtypes = (one.get_variable_to_dtype_map() for one in readers)
    assert (our_shapes, our_dtypes) == (shapes, dtypes)
    # One variable, whatever the number of its parts.
    assert our_shapes["hidden/Adam"] == [3, 4]
    states = [
        (folder / "checkpoint").read_text().splitlines()[:1]
        for folder in (of_2_15, of_ours)
    ]
    assert states == [[f'model_checkpoint_path: "{NAME}"']] * 2


def _assert_close(ours, theirs, tolerance):
    if isinstance(theirs, dict):
        assert [*ours] == [*theirs]
        for name, values in theirs.items():
            _assert_close(ours[name], values, tolerance)
    else:
        close = pytest.approx(theirs, rel=tolerance, abs=tolerance / 100)
        assert ours == close
