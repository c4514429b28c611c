"""The checkpoint that an Estimator takes if none is named."""

import pytest

import monitored_tf.estimator as tf_estimator
from monitored_tf.estimator import newest_checkpoint
from tests.estimator import small_training as small


@pytest.fixture
def made(tmp_path):
    """An Estimator that was trained for three steps, and saved each."""
    made = small.estimator_in(tf_estimator, tmp_path, save_checkpoints_steps=1)
    return made.train(small.many_batches, steps=3)


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.unlink(),
        lambda state: state.write_bytes(b""),
        lambda state: state.write_bytes(b"\xff\xfegarbage{{{"),
    ],
    ids=["missing", "empty", "no text"],
)
def test_a_damaged_state_file_is_done_without(made, tmp_path, damage, caplog):
    before = made.evaluate(small.input_of(4), steps=1)
    damage(tmp_path / "checkpoint")
    assert made.latest_checkpoint() == str(tmp_path / "model.ckpt-3")
    assert made.evaluate(small.input_of(4), steps=1) == before
    assert "model.ckpt-3 is taken" in caplog.text
    made.train(small.many_batches, max_steps=5)
    assert made.latest_checkpoint() == str(tmp_path / "model.ckpt-5")


def test_one_that_is_damaged_is_passed_over(made, tmp_path):
    (tmp_path / "checkpoint").unlink()
    (tmp_path / "model.ckpt-3.index").write_bytes(b"")
    found = newest_checkpoint.find(made.model_dir)
    assert found == str(tmp_path / "model.ckpt-2")


def test_a_folder_without_any_has_none(tmp_path):
    assert newest_checkpoint.find(str(tmp_path / "none")) is None
