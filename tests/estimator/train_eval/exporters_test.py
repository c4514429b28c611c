"""When a model is exported while it is trained and evaluated."""

import os
import types

import pytest
import tensorflow as tf

from monitored_tf.estimator.train_eval import best_exporter, exporters
from tests.estimator import linear_model

SECONDS = 1576013280


class _Recorder:
    """Stands for an Estimator; writes folders named by a second each."""

    def __init__(self, model_dir):
        self.model_dir = str(model_dir)
        self.calls = []

    def export_saved_model(self, *args, **kwargs):
        self.calls.append((args, kwargs))
        path = os.path.join(args[0], str(SECONDS + len(self.calls)))
        os.makedirs(path)
        return path.encode()


@pytest.fixture
def recorder(tmp_path):
    return _Recorder(tmp_path)


@pytest.fixture
def classes(estimator):
    """The exporters of the module under test."""
    if estimator.__name__ == "monitored_tf.estimator":
        return exporters
    return types.SimpleNamespace(
        Exporter=estimator.Exporter,
        FinalExporter=estimator.FinalExporter,
        LatestExporter=estimator.LatestExporter,
    )


def _export(exporter, recorder, is_final=False):
    base = os.path.join(recorder.model_dir, "export")
    return exporter.export(recorder, base, "checkpoint", {}, is_final)


@pytest.mark.parametrize("name", ["FinalExporter", "LatestExporter"])
def test_the_estimator_is_asked_to_export(classes, recorder, name):
    def receiver_fn():
        pass

    exporter = getattr(classes, name)("mine", receiver_fn, {"a": "b"}, True)
    assert exporter.name == "mine"
    path = _export(exporter, recorder, is_final=True)
    assert os.path.basename(path) == b"1576013281"
    assert recorder.calls == [
        (
            (os.path.join(recorder.model_dir, "export"), receiver_fn),
            {
                "assets_extra": {"a": "b"},
                "as_text": True,
                "checkpoint_path": "checkpoint",
            },
        )
    ]
    assert isinstance(exporter, classes.Exporter)


def test_the_final_one_exports_at_the_end_only(classes, recorder):
    exporter = classes.FinalExporter("final", None)
    assert _export(exporter, recorder) is None
    assert recorder.calls == []
    assert _export(exporter, recorder, is_final=True)


def test_the_latest_ones_are_kept(classes, recorder, tmp_path):
    others = ["temp-1576013000", "123", "15760130000", "157601300x"]
    for name in ["1576013000", *others]:
        (tmp_path / "export" / name).mkdir(parents=True)
    exporter = classes.LatestExporter("latest", None, exports_to_keep=2)
    for _ in range(3):
        _export(exporter, recorder)
    kept = {"1576013282", "1576013283", *others}
    assert {*os.listdir(tmp_path / "export")} == kept


def test_all_are_kept_for_none_and_five_if_nothing_is_said(classes, recorder):
    keeps_all = classes.LatestExporter("latest", None, exports_to_keep=None)
    for _ in range(7):
        _export(keeps_all, recorder)
    base = os.path.join(recorder.model_dir, "export")
    assert len(os.listdir(base)) == 7
    _export(classes.LatestExporter("latest", None), recorder)
    assert len(os.listdir(base)) == 5


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_to_keep_is_positive(classes, number):
    with pytest.raises(ValueError, match="positive number"):
        classes.LatestExporter("latest", None, exports_to_keep=number)


def test_an_exporter_of_ones_own_has_a_name_and_exports():
    class Mine(exporters.Exporter):
        name = "mine"

    with pytest.raises(TypeError, match="export"):
        Mine()


def test_what_is_exported_can_be_loaded(estimator, classes, tmp_path):
    linear_model.write_checkpoint(tmp_path)
    model = estimator.Estimator(
        linear_model.model_fn_of(estimator), str(tmp_path)
    )
    exporter = classes.LatestExporter(
        "latest", linear_model.serving_receiver_fn(estimator)
    )
    path = exporter.export(
        model,
        str(tmp_path / "export" / "latest"),
        tf.train.latest_checkpoint(str(tmp_path)),
        {"loss": 1.0},
        False,
    )
    assert linear_model.called(path.decode(), [2.0]) == [6.0]


@pytest.mark.parametrize(
    "exporter",
    [
        exporters.FinalExporter("final", None),
        exporters.LatestExporter("latest", None),
        best_exporter.BestExporter(),
    ],
)
def test_what_is_no_estimator_is_refused(exporter, tmp_path):
    with pytest.raises(TypeError, match="must be an Estimator.* Got 'model'"):
        exporter.export("model", str(tmp_path), "checkpoint", {}, True)
