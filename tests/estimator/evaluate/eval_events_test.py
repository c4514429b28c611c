"""The metrics that evaluations left in event files."""

import os

import pytest
import tensorflow as tf

from monitored_tf.estimator.evaluate import eval_events
from tests.estimator import real_estimator


def _write(folder, *evaluations, suffix=""):
    """Writes a file with the metrics of each (step, metrics)."""
    with tf.Graph().as_default():
        writer = tf.compat.v1.summary.FileWriter(
            str(folder), filename_suffix=suffix
        )
    for step, metrics in evaluations:
        summary = tf.compat.v1.Summary()
        for name, value in metrics.items():
            summary.value.add(tag=name, simple_value=value)
        writer.add_summary(summary, step)
    writer.close()


def _files(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


@pytest.fixture(params=real_estimator.BOTH)
def read(request):
    if request.param == "ours":
        return eval_events.read_eval_metrics
    import tensorflow_estimator

    return (
        tensorflow_estimator.python.estimator.early_stopping.read_eval_metrics
    )


def test_metrics_by_step_in_order(read, tmp_path):
    _write(tmp_path, (30, {"loss": 2.0, "auc": 0.5}), (10, {"loss": 3.0}))
    metrics = read(str(tmp_path))
    assert metrics == {10: {"loss": 3.0}, 30: {"loss": 2.0, "auc": 0.5}}
    assert list(metrics) == [10, 30]


def test_what_files_hold_comes_together(read, tmp_path):
    _write(tmp_path, (10, {"auc": 0.5}), suffix=".a")
    _write(tmp_path, (10, {"loss": 2.0}), (20, {"loss": 1.0}), suffix=".b")
    assert read(str(tmp_path)) == {
        10: {"loss": 2.0, "auc": 0.5},
        20: {"loss": 1.0},
    }


def test_the_later_file_holds(tmp_path):
    for number in range(5):
        metrics = {"loss": float(number)}
        _write(tmp_path, (10, metrics), suffix=f".{number}")
    metrics = eval_events.read_eval_metrics(str(tmp_path))
    assert metrics == {10: {"loss": 4.0}}


def test_what_is_no_scalar_is_left_out(read, tmp_path):
    with tf.Graph().as_default() as graph:
        writer = tf.compat.v1.summary.FileWriter(str(tmp_path), graph)
    summary = tf.compat.v1.Summary()
    summary.value.add(tag="image").image.height = 1
    writer.add_summary(summary, 10)
    writer.close()
    _write(tmp_path / "below", (10, {"loss": 3.0}))
    assert read(str(tmp_path)) == {}


def test_no_folder_has_no_metrics(read, tmp_path):
    assert read(str(tmp_path)) == {}
    assert read(str(tmp_path / "missing")) == {}


def test_a_damaged_file_is_read_as_far_as_it_goes(tmp_path, caplog):
    _write(tmp_path, (10, {"loss": 3.0}), (20, {"loss": 2.0}), suffix=".a")
    _write(tmp_path, (30, {"loss": 1.0}), suffix=".b")
    (damaged, _) = _files(tmp_path)
    with open(damaged, "r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"damaged!")
    metrics = eval_events.read_eval_metrics(str(tmp_path))
    assert metrics == {10: {"loss": 3.0}, 30: {"loss": 1.0}}
    (warning,) = [one for one in caplog.messages if "skipped" in one]
    assert damaged in warning
