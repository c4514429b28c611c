"""Checkpoints and SavedModels written from a session that is running."""

import os

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import RecordingHook

v1 = tf.compat.v1


class _Listener(v1.train.CheckpointSaverListener):
    """Records its calls and asks for the end once told to."""

    def __init__(self):
        self.calls = []
        self.asks_for_the_end = False

    def begin(self):
        self.calls.append("begin")

    def before_save(self, session, global_step_value):
        self.calls.append(f"before_save {global_step_value}")

    def after_save(self, session, global_step_value):
        self.calls.append(f"after_save {global_step_value}")
        return self.asks_for_the_end

    def end(self, session, global_step_value):
        self.calls.append(f"end {global_step_value}")


def _hook(folder, **kwargs):
    return monitored_tf.hooks.CheckpointSaverHook(
        str(folder), save_steps=1000, saver=v1.train.Saver(), **kwargs
    )


def _training(folder, **kwargs):
    return monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(folder), **kwargs
    )


def _saved_step(path):
    return tf.train.load_variable(path, "global_step")


def test_save_writes_with_the_sessions_hook(step, tmp_path):
    with _training(tmp_path) as session:
        session.run(step)
        path = session.save()
        assert path == str(tmp_path / "model.ckpt-1")
        assert _saved_step(path) == 1
        assert tf.train.latest_checkpoint(str(tmp_path)) == path


def test_save_into_a_folder_publishes_no_nan(step, tmp_path):
    bad = v1.get_variable("weight", initializer=1.0).assign(float("nan"))
    with monitored_tf.MonitoredSession() as session:
        session.save(tmp_path)
        session.raw_session().run(bad)
        session.run(step)
        with pytest.raises(v1.train.NanLossDuringTrainingError):
            session.save(tmp_path)
    path = tf.train.latest_checkpoint(str(tmp_path))
    assert path == str(tmp_path / "model.ckpt-0")


def test_save_with_a_saver_that_keeps_all_knows_its_path(step, tmp_path):
    scaffold = v1.train.Scaffold(saver=v1.train.Saver(max_to_keep=0))
    with _training(tmp_path, scaffold=scaffold) as session:
        session.run(step)
        assert session.save() == str(tmp_path / "model.ckpt-1")


def test_save_calls_the_listeners_of_the_hook(step, tmp_path):
    listener = _Listener()
    hook = _hook(tmp_path, listeners=[listener])
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        del listener.calls[:]
        session.save()
        assert listener.calls == ["before_save 1", "after_save 1"]


def test_a_listener_that_asks_for_the_end_stops_the_session(step, tmp_path):
    listener = _Listener()
    hook = _hook(tmp_path, listeners=[listener])
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.save()
        assert not session.should_stop()
        listener.asks_for_the_end = True
        session.save()
        assert session.should_stop()
    assert session.stop_reason.hook is hook


def test_save_calls_no_hook_and_counts_no_step(step, tmp_path):
    hook = RecordingHook("a")
    with _training(tmp_path, hooks=[hook]) as session:
        session.save()
        assert hook.calls == ["a.begin", "a.after_create_session"]


def test_save_works_with_a_hook_of_tensorflow(step, tmp_path):
    hook = v1.train.CheckpointSaverHook(
        str(tmp_path), save_steps=9, saver=v1.train.Saver()
    )
    hook.after_create_session = lambda session, coord: None
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        assert _saved_step(session.save()) == 1


def test_save_without_hook_or_folder_says_what_is_missing(step):
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(
            monitored_tf.NoCheckpointSaverError, match="checkpoint_dir"
        ):
            session.save()


def test_save_after_close_is_an_error(step, tmp_path):
    session = _training(tmp_path)
    session.close()
    for folder in (None, str(tmp_path)):
        with pytest.raises(monitored_tf.SessionClosedError):
            session.save(folder)


def test_save_to_a_folder_makes_it_and_can_be_restored_from(step, tmp_path):
    folder = str(tmp_path / "new" / "folder")
    with monitored_tf.MonitoredSession() as session:
        session.run(step)
        path = session.save(folder)
    assert path == os.path.join(folder, "model.ckpt-1")
    assert tf.train.latest_checkpoint(folder) == path
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=folder)
    with monitored_tf.MonitoredSession(creator) as session:
        assert session.run(step) == 2


def test_save_to_a_folder_without_a_global_step(graph, tmp_path):
    v1.get_variable("v", initializer=3.0)
    with monitored_tf.MonitoredSession() as session:
        path = session.save(str(tmp_path))
    assert path == str(tmp_path / "model.ckpt")
    assert tf.train.load_variable(path, "v") == 3.0


def test_save_to_a_folder_costs_the_training_no_checkpoint(step, tmp_path):
    kept, aside = tmp_path / "kept", tmp_path / "aside"
    with _training(kept, save_checkpoint_steps=1) as session:
        for _ in range(4):
            session.run(step)
            session.save(str(aside))
    state = tf.train.get_checkpoint_state(str(kept))
    assert [p.rpartition("-")[2] for p in state.all_model_checkpoint_paths] == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]
    assert len(list(kept.glob("*.index"))) == 5
    assert len(list(aside.glob("*.index"))) == 4


def test_all_checkpoints_saved_to_a_folder_stay_in_its_state(step, tmp_path):
    with monitored_tf.MonitoredSession() as session:
        paths = []
        for _ in range(2):
            session.run(step)
            paths.append(session.save(str(tmp_path)))
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(state.all_model_checkpoint_paths) == paths


def test_save_takes_the_scaffolds_own_saver(step, tmp_path):
    scaffold = v1.train.Scaffold(saver=v1.train.Saver())
    creator = monitored_tf.ChiefSessionCreator(scaffold)
    with monitored_tf.MonitoredSession(creator) as session:
        assert _saved_step(session.save(str(tmp_path))) == 0


def test_a_graph_without_a_saver_is_told_how_to_make_one(step, tmp_path):
    init = v1.global_variables_initializer()
    with v1.Session() as raw_session:
        raw_session.run(init)
        creator = monitored_tf.ReusedSessionCreator(raw_session)
        with monitored_tf.MonitoredSession(creator) as session:
            with pytest.raises(
                monitored_tf.NoCheckpointSaverError, match="SAVERS"
            ):
                session.save(str(tmp_path))


def _doubling(graph):
    number = v1.placeholder(tf.float32, (), name="number")
    weight = v1.get_variable("weight", initializer=2.0)
    grown = v1.assign_add(weight, 1.0)
    return {"x": number}, {"y": number * weight}, grown


def _loaded(folder, values):
    """Returns the output of the signature "double" in a new session."""
    with v1.Session(graph=tf.Graph()) as session:
        meta_graph = v1.saved_model.load(session, ["serve"], folder)
        signature = meta_graph.signature_def["double"]
        (fed,) = signature.inputs.values()
        (fetched,) = signature.outputs.values()
        return session.run(fetched.name, {fed.name: values})


def test_an_export_holds_the_variables_as_they_are_now(graph, tmp_path):
    inputs, outputs, grown = _doubling(graph)
    folder = str(tmp_path / "export")
    with monitored_tf.MonitoredSession() as session:
        session.run(grown)
        exported = session.export_saved_model(
            folder, {"double": (inputs, outputs)}
        )
        session.run(grown)
    assert exported == folder
    assert _loaded(folder, 5.0) == 15.0


def test_an_export_takes_a_signature_def(graph, tmp_path):
    inputs, outputs, _ = _doubling(graph)
    signature = v1.saved_model.predict_signature_def(inputs, outputs)
    with monitored_tf.MonitoredSession() as session:
        session.export_saved_model(str(tmp_path), {"double": signature})
    assert _loaded(str(tmp_path), 5.0) == 10.0


def test_an_export_can_be_loaded_as_tensorflow_2_does(tmp_path):
    with tf.Graph().as_default() as graph:
        inputs, outputs, _ = _doubling(graph)
        with monitored_tf.MonitoredSession() as session:
            session.export_saved_model(
                str(tmp_path), {"double": (inputs, outputs)}
            )
    double = tf.saved_model.load(str(tmp_path)).signatures["double"]
    assert float(double(tf.constant(4.0))["y"]) == 8.0


def test_a_session_may_export_several_times(graph, tmp_path):
    inputs, outputs, grown = _doubling(graph)
    folders = [str(tmp_path / name) for name in ("one", "two")]
    with monitored_tf.MonitoredSession() as session:
        for folder in folders:
            session.export_saved_model(folder, {"double": (inputs, outputs)})
            session.run(grown)
    assert [_loaded(folder, 1.0) for folder in folders] == [2.0, 3.0]


def test_an_export_initializes_its_lookup_tables(graph, tmp_path):
    words = v1.placeholder(tf.string, (None,), name="words")
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["a", "b"], [10, 20]), -1
    )
    v1.get_variable("weight", initializer=2.0)
    signatures = {"double": ({"x": words}, {"y": table.lookup(words)})}
    with monitored_tf.MonitoredSession() as session:
        session.export_saved_model(str(tmp_path), signatures)
    assert _loaded(str(tmp_path), ["a", "b", "c"]).tolist() == [10, 20, -1]


def test_an_export_of_a_training_session_works_too(graph, step, tmp_path):
    inputs, outputs, _ = _doubling(graph)
    folder = str(tmp_path / "export")
    with _training(tmp_path / "model") as session:
        session.run(step)
        session.export_saved_model(folder, {"double": (inputs, outputs)})
    assert _loaded(folder, 5.0) == 10.0


@pytest.mark.parametrize(
    "signature", [None, 3, "xy", (), ({},), ({"x": 1}, 2), ({}, {})]
)
def test_a_bad_signature_is_named_and_writes_nothing(step, tmp_path, signature):
    folder = tmp_path / "export"
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(
            monitored_tf.InvalidSignatureError, match="'double'"
        ):
            session.export_saved_model(str(folder), {"double": signature})
    assert not folder.exists()


def test_a_signature_of_no_tensors_is_named(step, tmp_path):
    folder = tmp_path / "export"
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(
            monitored_tf.InvalidSignatureError, match="'double'"
        ):
            session.export_saved_model(
                str(folder), {"double": ({"x": 1}, {"y": 2})}
            )
    assert not folder.exists()


def test_signatures_that_are_no_dict_are_an_error_that_says_so(step, tmp_path):
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(monitored_tf.InvalidSignatureError):
            session.export_saved_model(str(tmp_path), [("a", "b")])


def test_an_export_needs_an_empty_folder(graph, tmp_path):
    inputs, outputs, _ = _doubling(graph)
    (tmp_path / "file").write_text("mine")
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(AssertionError, match="isn't empty"):
            session.export_saved_model(
                str(tmp_path), {"double": (inputs, outputs)}
            )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_export_after_close_is_an_error(step, tmp_path):
    session = monitored_tf.MonitoredSession()
    session.close()
    with pytest.raises(monitored_tf.SessionClosedError):
        session.export_saved_model(str(tmp_path), {})


def test_a_vocabulary_goes_along_with_an_export(graph, tmp_path):
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("one\ntwo\n")
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        -1,
    )
    word = v1.placeholder(tf.string, [], name="word")
    number = table.lookup(word)
    beside = tmp_path / "model.scratch"
    beside.mkdir()
    with monitored_tf.MonitoredSession() as session:
        session.export_saved_model(
            tmp_path / "model",
            {"serving_default": ({"word": word}, {"number": number})},
        )
    vocabulary.unlink()
    assert beside.exists()
    assert (tmp_path / "model" / "assets" / "words.txt").exists()
    with v1.Graph().as_default(), v1.Session() as loaded:
        v1.saved_model.load(loaded, ["serve"], str(tmp_path / "model"))
        assert loaded.run(number.name, {"word:0": "two"}) == 1


def test_a_graph_without_variables_can_be_exported_but_not_saved(
    graph, tmp_path
):
    x = v1.placeholder(tf.float32, [], name="x")
    doubled = x * 2
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(
            monitored_tf.NoCheckpointSaverError, match="no variables"
        ):
            session.save(tmp_path / "checkpoint")
        session.export_saved_model(
            tmp_path / "model", {"serving_default": ({"x": x}, {"y": doubled})}
        )
    with v1.Graph().as_default(), v1.Session() as loaded:
        v1.saved_model.load(loaded, ["serve"], str(tmp_path / "model"))
        assert loaded.run(doubled.name, {"x:0": 2.0}) == 4


def test_a_step_that_was_saved_is_not_saved_again_at_the_end(step, tmp_path):
    class Listener(v1.train.CheckpointSaverListener):
        def __init__(self):
            self.saved = []

        def after_save(self, session, global_step_value):
            self.saved.append(int(global_step_value))

    listener = Listener()
    hook = monitored_tf.CheckpointSaverHook(
        str(tmp_path), save_steps=100, listeners=[listener]
    )
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        session.save()
    assert listener.saved == [0, 1]


def test_a_model_with_a_resumable_input_is_exported(graph, tmp_path):
    x = v1.placeholder_with_default(1.0, [])
    y = x * v1.get_variable("w", initializer=2.0, use_resource=True)
    element = monitored_tf.resumable_input(tf.data.Dataset.range(9))
    with monitored_tf.MonitoredSession() as session:
        session.run(element)
        path = session.export_saved_model(
            str(tmp_path / "model"), {"serving_default": ({"x": x}, {"y": y})}
        )
    with v1.Graph().as_default(), v1.Session() as session:
        v1.saved_model.load(session, [v1.saved_model.SERVING], path)
        assert session.run(y.name, {x.name: 3.0}) == 6.0
