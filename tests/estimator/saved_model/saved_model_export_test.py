"""SavedModels of an Estimator, which hold for the real one too."""

import os
import pathlib
import shutil

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator import warm_start
from tests.estimator import linear_model
from tests.estimator.linear_model import called, loaded, meta_graphs

v1 = tf.compat.v1


@pytest.fixture
def receiver_fn(estimator):
    return linear_model.serving_receiver_fn(estimator)


@pytest.fixture
def supervised_fn():
    """A receiver function of features and labels."""
    x = tf.constant([1.0], name="x")
    labels = tf.constant([1.0], name="labels")
    return ours.export.build_raw_supervised_input_receiver_fn({"x": x}, labels)


@pytest.fixture
def make(estimator, tmp_path):
    """Makes an Estimator whose folder has a checkpoint."""
    linear_model.write_checkpoint(tmp_path)

    def made(model_dir=tmp_path, warm_start_from=None, config=None, **kwargs):
        return estimator.Estimator(
            linear_model.model_fn_of(estimator, **kwargs),
            str(model_dir),
            config,
            warm_start_from=warm_start_from,
        )

    return made


def _files(path):
    return {
        os.path.relpath(os.path.join(folder, name), path)
        for folder, _, names in os.walk(os.fsdecode(path))
        for name in names
    } - {"fingerprint.pb"}


def test_an_export_predicts_with_the_variables_of_the_checkpoint(
    make, receiver_fn, tmp_path
):
    path = make().export_saved_model(str(tmp_path / "export"), receiver_fn)
    assert isinstance(path, bytes)
    (name,) = os.listdir(tmp_path / "export")
    assert path == os.fsencode(tmp_path / "export" / name)
    assert len(name) == 10
    assert name.isdigit()
    assert called(path.decode(), [1.0, 2.0]) == [3.0, 6.0]
    serve = tf.saved_model.load(path.decode()).signatures["serving_default"]
    assert serve(x=tf.constant([1.0, 2.0]))["y"].numpy().tolist() == [3.0, 6.0]


def test_the_files(make, receiver_fn, tmp_path):
    variables = {
        f"variables/variables.{end}" for end in ("index", "data-00000-of-00001")
    }
    path = make().export_saved_model(str(tmp_path / "binary"), receiver_fn)
    assert _files(path.decode()) == {"saved_model.pb", *variables}
    path = make().export_saved_model(
        str(tmp_path / "text"), receiver_fn, as_text=True
    )
    assert _files(path.decode()) == {"saved_model.pbtxt", *variables}
    assert called(path.decode(), [1.0]) == [3.0]


def test_another_checkpoint(make, receiver_fn, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    path = linear_model.write_checkpoint(other, weight=5.0)
    path = make().export_saved_model(
        str(tmp_path / "export"), receiver_fn, checkpoint_path=path
    )
    assert called(path.decode(), [1.0]) == [5.0]


def test_no_checkpoint_is_a_value_error(make, receiver_fn, tmp_path):
    untrained = make(tmp_path / "untrained")
    with pytest.raises(ValueError, match="Couldn't find trained model at"):
        untrained.export_saved_model(str(tmp_path / "export"), receiver_fn)
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("source", ["folder", "checkpoint"])
def test_an_untrained_model_is_exported_as_it_would_begin(
    make, receiver_fn, tmp_path, source
):
    path = str(tmp_path / f"model.ckpt-{linear_model.STEP}")
    untrained = make(
        tmp_path / "untrained",
        warm_start_from=str(tmp_path) if source == "folder" else path,
    )
    path = untrained.export_saved_model(str(tmp_path / "export"), receiver_fn)
    assert called(path.decode(), [1.0]) == [3.0]


@pytest.mark.parametrize("as_path", [os.fsencode, pathlib.Path])
def test_paths_may_be_bytes_or_path_objects(tmp_path, as_path):
    checkpoint = linear_model.write_checkpoint(tmp_path)
    model = ours.Estimator(
        linear_model.model_fn_of(ours),
        tmp_path / "untrained",
        warm_start_from=warm_start.WarmStartSettings(as_path(tmp_path)),
    )
    receiver_fn = linear_model.serving_receiver_fn(ours)
    for name, given in (("one", None), ("two", as_path(checkpoint))):
        path = model.export_saved_model(
            as_path(tmp_path / name), receiver_fn, checkpoint_path=given
        )
        assert called(path.decode(), [1.0]) == [3.0]


def test_a_variable_that_no_checkpoint_has_is_a_value_error(
    estimator, make, receiver_fn, tmp_path
):
    with pytest.raises(ValueError, match="not load all requested") as raised:
        make(own=["infer"]).export_saved_model(
            str(tmp_path / "export"), receiver_fn
        )
    if estimator is ours:
        assert "It has not: own." in str(raised.value)
    (name,) = os.listdir(tmp_path / "export")
    assert name.startswith("temp-")


def test_each_mode_must_be_in_the_checkpoint(
    make, receiver_fn, supervised_fn, tmp_path
):
    with pytest.raises(ValueError, match="Could not load all requested"):
        make(own=["infer"]).experimental_export_all_saved_models(
            str(tmp_path / "export"),
            {"train": supervised_fn, "infer": receiver_fn},
        )


@pytest.mark.parametrize("receivers", [{}, {"other": lambda: None}])
def test_no_mode_is_a_value_error(make, tmp_path, receivers):
    with pytest.raises(ValueError, match="No valid modes for exporting found"):
        make().experimental_export_all_saved_models(
            str(tmp_path / "export"), receivers
        )


def test_all_modes_share_the_variables(
    make, receiver_fn, supervised_fn, tmp_path
):
    path = (
        make()
        .experimental_export_all_saved_models(
            str(tmp_path / "export"),
            {
                "infer": receiver_fn,
                "eval": supervised_fn,
                "train": supervised_fn,
            },
        )
        .decode()
    )
    assert called(path, [2.0]) == [6.0]
    saved = tf.train.list_variables(f"{path}/variables/variables")
    assert saved == [("global_step", []), ("weight", [])]
    signatures = {}
    for tag in ("train", "eval", "serve"):
        session, meta_graph = loaded(path, tag)
        session.close()
        ((key, signature),) = meta_graph.signature_def.items()
        signatures[tag] = (key, signature.method_name)
        assert "metrics/mean/value" in signature.outputs or tag == "serve"
    assert signatures == {
        "train": ("train", "tensorflow/supervised/training"),
        "eval": ("eval", "tensorflow/supervised/eval"),
        "serve": ("serving_default", "tensorflow/serving/predict"),
    }


def test_the_training_comes_first_as_the_variables_are_its(
    make, receiver_fn, supervised_fn, tmp_path
):
    linear_model.write_checkpoint(tmp_path, own=True)
    path = make(own=["train"]).experimental_export_all_saved_models(
        str(tmp_path / "export"),
        {"infer": receiver_fn, "eval": supervised_fn, "train": supervised_fn},
    )
    tags = [[*graph.meta_info_def.tags] for graph in meta_graphs(path)]
    assert tags == [["train"], ["eval"], ["serve"]]
    saved = tf.train.list_variables(f"{path.decode()}/variables/variables")
    assert "own" in dict(saved)


def test_extra_assets_are_copied(make, receiver_fn, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    path = make().export_saved_model(
        str(tmp_path / "export"),
        receiver_fn,
        assets_extra={"a/b.txt": str(tmp_path / "notes.txt")},
    )
    with open(os.path.join(path, b"assets.extra/a/b.txt")) as file:
        assert file.read() == "notes"


def test_tables_are_filled_from_the_assets_of_the_export(
    estimator, receiver_fn, tmp_path
):
    linear_model.write_checkpoint(tmp_path)
    (tmp_path / "words.txt").write_text("zero\none\n")

    def model_fn(features, labels, mode):
        v1.get_variable("weight", initializer=0.0)
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                str(tmp_path / "words.txt"),
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
            ),
            "?",
        )
        words = table.lookup(tf.cast(features["x"], tf.int64))
        return estimator.EstimatorSpec(mode, predictions={"word": words})

    exporter = estimator.Estimator(model_fn, str(tmp_path))
    path = exporter.export_saved_model(str(tmp_path / "export"), receiver_fn)
    (tmp_path / "words.txt").unlink()
    assert "assets/words.txt" in _files(path.decode())
    assert called(path.decode(), [1.0, 5.0]) == [b"one", b"?"]
    again = shutil.move(path.decode(), tmp_path / "moved")
    serve = tf.saved_model.load(str(again)).signatures["serving_default"]
    assert serve(x=tf.constant([0.0]))["word"].numpy().tolist() == [b"zero"]
