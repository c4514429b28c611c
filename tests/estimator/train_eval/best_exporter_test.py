"""The exporter of the best models."""

import functools
import os

import pytest
import tensorflow as tf

from monitored_tf.estimator.train_eval import best_exporter
from tests.estimator import linear_model

v1 = tf.compat.v1


@pytest.fixture
def best(estimator):
    """The class of the module under test."""
    if estimator.__name__ == "monitored_tf.estimator":
        return best_exporter.BestExporter
    return estimator.BestExporter


class _Recorder:
    """Stands for an Estimator; writes folders named by a second each."""

    def __init__(self, model_dir):
        self.model_dir = str(model_dir)
        self.exported = []

    def export_saved_model(self, base, receiver_fn, checkpoint_path, **kwargs):
        assert kwargs == {"assets_extra": None, "as_text": False}
        self.exported.append(checkpoint_path)
        path = os.path.join(base, str(1576013280 + len(self.exported)))
        os.makedirs(path)
        return path.encode()

    def losses(self, exporter, losses):
        """Exports a model of each loss; returns those that were exported."""
        base = os.path.join(self.model_dir, "export")
        return [
            loss
            for loss in losses
            if exporter.export(self, base, "c", {"loss": loss}, False)
        ]


@pytest.fixture
def recorder(tmp_path):
    return _Recorder(tmp_path)


def _write_events(folder, *results):
    """Writes one event for each of some evaluations."""
    with tf.Graph().as_default(), v1.summary.FileWriter(str(folder)) as writer:
        for result in results:
            summary = v1.Summary()
            for tag, number in result.items():
                summary.value.add(tag=tag, simple_value=number)
            # An evaluation writes the path of its checkpoint too.
            summary.value.add(tag="path", tensor=tf.make_tensor_proto(b"c"))
            writer.add_summary(summary)


def _higher(best_eval_result, current_eval_result):
    return current_eval_result["score"] > best_eval_result["score"]


def test_what_is_better_is_exported(best, recorder):
    exporter = best()
    assert exporter.name == "best_exporter"
    assert recorder.losses(exporter, [3, 2, 5, 2, 1]) == [3, 2, 1]
    assert recorder.exported == ["c"] * 3


def test_a_comparison_of_ones_own(best, recorder, tmp_path):
    exporter = best(compare_fn=_higher)
    base = str(tmp_path / "export")
    assert [
        bool(exporter.export(recorder, base, "c", {"score": score}, True))
        for score in (1, 3, 2, 4)
    ] == [True, True, False, True]


def test_older_ones_are_deleted(best, recorder, tmp_path):
    exporter = best(exports_to_keep=2)
    recorder.losses(exporter, [3, 2, 1])
    kept = {"1576013282", "1576013283"}
    assert {*os.listdir(tmp_path / "export")} == kept
    assert recorder.losses(best(exports_to_keep=None), [1]) == [1]
    assert len(os.listdir(tmp_path / "export")) == 3


def test_the_first_of_a_process_is_exported_even_if_it_is_worse(
    best, recorder, tmp_path
):
    _write_events(tmp_path / "eval", {"loss": 2.0})
    assert recorder.losses(best(), [9, 8, 8.5]) == [9, 8]


def test_the_best_of_the_events_is_found_by_the_comparison(
    best, recorder, tmp_path
):
    compared = []

    def compare(best_eval_result, current_eval_result):
        compared.append((best_eval_result, current_eval_result))
        return _higher(best_eval_result, current_eval_result)

    one, two, three = ({"score": number} for number in (1.0, 2.0, 3.0))
    _write_events(tmp_path / "eval_a", one, {}, three, two)
    exporter = best(
        compare_fn=compare, event_file_pattern="eval_a/*.tfevents.*"
    )
    base = str(tmp_path / "export")
    for _ in range(2):
        exporter.export(recorder, base, "c", two, False)
    assert compared == [(one, three), (three, two), (two, two)]


def test_events_are_read_anew_for_another_folder(best, recorder, tmp_path):
    other = _Recorder(tmp_path / "other")
    _write_events(tmp_path / "other" / "eval", {"loss": 2.0})
    exporter = best()
    assert recorder.losses(exporter, [5]) == [5]
    assert other.losses(exporter, [4, 1]) == [1]


def test_no_events_are_read_without_a_pattern(best, recorder, tmp_path):
    _write_events(tmp_path / "eval", {"score": 2.0}, {"score": 2.0})
    assert recorder.losses(best(event_file_pattern=None), [5]) == [5]
    # Two results are compared, and these have no loss.
    with pytest.raises(ValueError, match="no loss is found in it"):
        recorder.losses(best(), [5])


def test_a_file_that_ends_within_an_event_is_read_so_far(
    recorder, tmp_path, caplog
):
    compared = []

    def compare(best_eval_result, current_eval_result):
        compared.append((best_eval_result, current_eval_result))

    results = [{"loss": 4.0}, {"loss": 2.0}, {"loss": 3.0}]
    _write_events(tmp_path / "eval", *results)
    (path,) = (tmp_path / "eval").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    exporter = best_exporter.BestExporter(compare_fn=compare)
    assert recorder.losses(exporter, [5]) == [5]
    assert compared == [(results[0], results[1])]
    assert "it is damaged" in caplog.text


@pytest.mark.parametrize(
    ("one", "other"), [({}, {"loss": 1}), ({"loss": 1}, {"a": 1}), (None, {})]
)
def test_both_must_have_a_loss(one, other):
    with pytest.raises(ValueError, match="cannot be empty or no loss is found"):
        best_exporter.loss_smaller(one, other)


@pytest.mark.parametrize(
    ("compare_fn", "match"),
    [
        (None, "must not be None"),
        (lambda best_eval_result: 1, "must include current_eval_result arg"),
        (lambda current_eval_result: 1, "must include best_eval_result arg"),
        (
            lambda best_eval_result, current_eval_result, more: 1,
            "has following not expected args.*more",
        ),
    ],
)
def test_other_comparisons_are_value_errors(best, compare_fn, match):
    with pytest.raises(ValueError, match=match):
        best(compare_fn=compare_fn)


def test_a_partial_is_a_comparison(best, recorder):
    def compare(best_eval_result, current_eval_result, name):
        return best_eval_result[name] > current_eval_result[name]

    exporter = best(compare_fn=functools.partial(compare, name="loss"))
    assert recorder.losses(exporter, [2, 3, 1]) == [2, 1]


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_to_keep_is_positive(best, number):
    with pytest.raises(ValueError, match="positive number"):
        best(exports_to_keep=number)


def test_what_is_exported_can_be_loaded(best, estimator, tmp_path):
    path = linear_model.write_checkpoint(tmp_path)
    model = estimator.Estimator(
        linear_model.model_fn_of(estimator), str(tmp_path)
    )
    exporter = best(
        serving_input_receiver_fn=linear_model.serving_receiver_fn(estimator)
    )
    base = str(tmp_path / "export" / "best")
    exported = exporter.export(model, base, path, {"loss": 1.0}, False)
    assert linear_model.called(exported.decode(), [2.0]) == [6.0]


def test_an_export_that_failed_is_made_again(best, recorder, monkeypatch):
    exporter = best(serving_input_receiver_fn=lambda: None)
    with (
        monkeypatch.context() as patched,
        pytest.raises(OSError, match="No space"),
    ):
        patched.setattr(recorder, "export_saved_model", _fail)
        recorder.losses(exporter, [1.0])
    assert recorder.losses(exporter, [1.0, 2.0]) == [1.0]


def _fail(*args, **kwargs):
    raise OSError("No space left on device")
