"""The graph of one mode of a SavedModel."""

import tempfile

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.saved_model import export_graph
from tests.estimator import linear_model
from tests.estimator.linear_model import called, loaded, meta_graphs

v1 = tf.compat.v1
EXAMPLE = tf.train.Example(
    features=tf.train.Features(
        feature={
            "x": tf.train.Feature(float_list=tf.train.FloatList(value=[2.0]))
        }
    )
).SerializeToString()


def _new_folder(tmp_path):
    # A second export into the same one waits for the next second.
    return tempfile.mkdtemp(dir=tmp_path)


@pytest.fixture
def export(estimator, tmp_path):
    """Exports a model with a checkpoint; returns the path."""
    linear_model.write_checkpoint(tmp_path)

    def exported(model_fn, receiver_fn=None, config=None, **kwargs):
        return estimator.Estimator(
            model_fn, str(tmp_path), config
        ).export_saved_model(
            _new_folder(tmp_path),
            receiver_fn or linear_model.serving_receiver_fn(estimator),
            **kwargs,
        )

    return exported


def _signatures(path):
    return meta_graphs(path.encode())[0].signature_def


def test_each_output_has_a_signature_if_its_inputs_suit(
    estimator, outputs, export
):
    def export_outputs(features):
        return {
            "serving_default": outputs.PredictOutput(features["x"] + 1.0),
            "twice": outputs.PredictOutput({"t": features["x"] * 2.0}),
            "regress": outputs.RegressionOutput(features["x"] + 2.0),
        }

    model_fn = linear_model.model_fn_of(estimator, outputs=export_outputs)
    path = export(model_fn).decode()
    assert {*_signatures(path)} == {"serving_default", "twice"}
    assert called(path, [2.0]) == [3.0]
    assert called(path, [2.0], "twice") == [4.0]

    parsing = estimator.export.build_parsing_serving_input_receiver_fn(
        {"x": tf.io.FixedLenFeature([], tf.float32)}
    )
    path = export(model_fn, parsing).decode()
    signatures = _signatures(path)
    assert {*signatures} == {"serving_default", "twice", "regress"}
    assert signatures["regress"].method_name == "tensorflow/serving/regress"
    assert called(path, [EXAMPLE], "regress") == [4.0]


def test_alternative_inputs_have_signatures_of_their_own(estimator, export):
    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        text = v1.placeholder(tf.string, [None], "text")
        x = v1.placeholder_with_default(tf.strings.to_number(text), [None])
        return estimator.export.ServingInputReceiver(
            {"x": x}, {"text": text}, {"number": {"x": x}}
        )

    path = export(linear_model.model_fn_of(estimator), receiver_fn).decode()
    assert called(path, ["2"]) == [6.0]
    assert called(path, [2.0], "number:serving_default") == [6.0]


@pytest.mark.parametrize("own", [True, False])
def test_who_loads_runs_the_local_init_op(estimator, export, own):
    def scaffold():
        local = v1.get_local_variable("local", initializer=8.0)
        op = tf.group(local.assign(9.0)) if own else None
        return v1.train.Scaffold(local_init_op=op)

    path = export(linear_model.model_fn_of(estimator, scaffold))
    session, _ = loaded(path.decode())
    with session, session.graph.as_default():
        (local,) = v1.local_variables()
        assert session.run(local) == (9.0 if own else 8.0)


def test_the_saver_of_the_scaffold_restores_and_is_exported(estimator, export):
    def scaffold():
        # Without "own", which no checkpoint has, and the global step.
        _, weight, _ = v1.global_variables()
        return v1.train.Scaffold(saver=v1.train.Saver([weight]))

    model_fn = linear_model.model_fn_of(estimator, scaffold, own=["infer"])
    path = export(model_fn)
    saved = tf.train.list_variables(path.decode() + "/variables/variables")
    assert saved == [("weight", [])]
    assert not meta_graphs(path)[0].saver_def.sharded
    assert called(path.decode(), [1.0]) == [3.0]


def test_the_session_is_made_with_the_config(estimator, export):
    inner = linear_model.model_fn_of(estimator)

    def model_fn(features, labels, mode):
        with tf.device("/GPU:0"):
            return inner(features, labels, mode)

    assert called(export(model_fn).decode(), [1.0]) == [3.0]
    config = estimator.RunConfig(
        session_config=v1.ConfigProto(allow_soft_placement=False)
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="GPU"):
        export(model_fn, config=config)


def test_model_fn_gets_labels_where_there_are_some(estimator, export):
    given = {}
    inner = linear_model.model_fn_of(estimator)

    def model_fn(features, labels, mode):
        given[mode] = labels
        return inner(features, labels, mode)

    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        return ours.export.SupervisedInputReceiver({"x": x}, x, x)

    export(model_fn)
    export(model_fn, receiver_fn, experimental_mode="eval")
    assert given["infer"] is None
    assert given["eval"].name == "x:0"


def test_an_exported_training_goes_on(estimator, export):
    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        label = v1.placeholder(tf.float32, [None], "label")
        return ours.export.SupervisedInputReceiver(
            {"x": x}, label, {"x": x, "label": label}
        )

    model_fn = linear_model.model_fn_of(estimator)
    path = export(model_fn, receiver_fn, experimental_mode="train")
    session, meta_graph = loaded(path.decode(), "train")
    signature = meta_graph.signature_def["train"]
    feeds = {
        signature.inputs["x"].name: [1.0],
        signature.inputs["label"].name: [2.0],
    }
    (train_op,) = session.graph.get_collection("saved_model_train_op")
    with session:
        loss = signature.outputs["loss"].name
        assert session.run(loss, feeds) == pytest.approx(1.0)
        session.run(train_op, feeds)
        assert session.run(loss, feeds) < 1.0
        step = v1.train.get_global_step(session.graph)
        assert session.run(step) == linear_model.STEP + 1


def test_the_seed_is_that_of_the_config(estimator, export):
    seeds = []
    inner = linear_model.model_fn_of(estimator)

    def model_fn(features, labels, mode):
        seeds.append(v1.get_default_graph().seed)
        return inner(features, labels, mode)

    export(model_fn, config=estimator.RunConfig(tf_random_seed=11))
    assert seeds == [11]


def test_the_train_op_is_found_under_the_name_of_the_loader():
    constants = pytest.importorskip(
        "tensorflow.python.saved_model.pywrap_saved_model"
    ).constants
    assert export_graph._TRAIN_OP_KEY == constants.TRAIN_OP_KEY


@pytest.mark.parametrize("mode", ["train", "eval", "infer"])
def test_the_graphs_are_those_of_tensorflow_estimator(tmp_path, mode):
    pytest.importorskip("tensorflow_estimator")
    linear_model.write_checkpoint(tmp_path)

    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        if mode == "infer":
            return ours.export.ServingInputReceiver(x, x, {"again": x})
        return ours.export.SupervisedInputReceiver({"x": x}, x, {"x": x})

    def exported(estimator):
        inner = linear_model.model_fn_of(estimator)

        def model_fn(features, labels, mode):
            x = features["feature" if mode == "infer" else "x"]
            return inner({"x": tf.nn.dropout(x, 0.5)}, labels, mode)

        config = estimator.RunConfig(tf_random_seed=3)
        (graph,) = meta_graphs(
            estimator.Estimator(
                model_fn, str(tmp_path), config
            ).export_saved_model(
                _new_folder(tmp_path), receiver_fn, experimental_mode=mode
            )
        )
        return graph

    mine, theirs = exported(ours), exported(tf.compat.v1.estimator)
    for name in ("signature_def", "collection_def"):
        assert getattr(mine, name) == getattr(theirs, name)
    assert mine == theirs


def test_default_attributes_are_kept_under_the_older_name_only(
    estimator, tmp_path
):
    linear_model.write_checkpoint(tmp_path)
    model_fn = linear_model.model_fn_of(estimator)
    model = estimator.Estimator(model_fn, str(tmp_path))
    fn = linear_model.serving_receiver_fn(estimator)
    folders = [_new_folder(tmp_path) for _ in range(3)]
    for path, kept in (
        (model.export_saved_model(folders[0], fn), False),
        (model.export_savedmodel(folders[1], fn), True),
        (
            model.export_savedmodel(folders[2], fn, None, False, None, True),
            False,
        ),
    ):
        nodes = meta_graphs(path)[0].graph_def.node
        (weight,) = [node for node in nodes if node.name == "weight"]
        assert ("container" in weight.attr) is kept
