"""The checkpoint saver of MonitoredTrainingSession."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1
Hook = monitored_tf.TrainingCheckpointHook


class _Listener(v1.train.CheckpointSaverListener):
    def __init__(self, log):
        self.log = log

    def begin(self):
        self.log.append("begin")

    def before_save(self, session, global_step_value):
        self.log.append(f"before_save {global_step_value}")

    def after_save(self, session, global_step_value):
        self.log.append(f"after_save {global_step_value}")

    def end(self, session, global_step_value):
        self.log.append(f"end {global_step_value}")


def _hook(folder, save_steps=2, **kwargs):
    return Hook(
        str(folder), save_steps=save_steps, saver=v1.train.Saver(), **kwargs
    )


def _run(step, hook, count=3):
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for _ in range(count):
            session.run(step)


def _steps_on_disk(folder):
    return sorted(
        int(path.stem.rpartition("-")[2]) for path in folder.glob("*.index")
    )


def test_it_is_a_checkpoint_saver_of_tensorflow(step, tmp_path):
    assert isinstance(_hook(tmp_path), v1.train.CheckpointSaverHook)


def test_it_saves_at_the_beginning_on_its_cadence_and_at_the_end(
    step, tmp_path
):
    _run(step, _hook(tmp_path))
    assert _steps_on_disk(tmp_path) == [0, 2, 3]


def test_it_calls_its_listeners_at_each_save(step, tmp_path):
    log = []
    _run(step, _hook(tmp_path, listeners=[_Listener(log)]))
    assert log == [
        "begin",
        "before_save 0",
        "after_save 0",
        "before_save 2",
        "after_save 2",
        "before_save 3",
        "after_save 3",
        "end 3",
    ]


def test_it_writes_the_graph_as_text_that_can_be_read_back(step, tmp_path):
    from google.protobuf import text_format

    graph = step.graph
    _run(step, _hook(tmp_path))
    text = (tmp_path / "graph.pbtxt").read_text()
    graph_def = text_format.Parse(text, v1.GraphDef())
    assert graph_def == graph.as_graph_def(add_shapes=True)


def test_its_meta_file_makes_the_graph_again(step, tmp_path):
    _run(step, _hook(tmp_path))
    path = tf.train.latest_checkpoint(str(tmp_path))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(path + ".meta").restore(session, path)
        assert session.run(v1.train.get_global_step()) == 3


def test_without_graph_files_none_are_written(step, tmp_path):
    _run(step, _hook(tmp_path, save_graph_def=False))
    names = {path.name for path in tmp_path.iterdir()}
    assert "model.ckpt-3.index" in names
    assert not {name for name in names if name.endswith(("pbtxt", ".meta"))}


def test_it_makes_its_folder(step, tmp_path):
    folder = tmp_path / "new" / "folder"
    _run(step, _hook(folder))
    assert (folder / "graph.pbtxt").exists()


def test_its_files_may_be_named(step, tmp_path):
    _run(step, _hook(tmp_path, checkpoint_basename="mine"))
    assert (tmp_path / "mine-3.index").exists()


def test_it_saves_again_after_a_recovery(step, tmp_path):
    log = []
    hook = _hook(tmp_path, listeners=[_Listener(log)])
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with monitored_tf.MonitoredSession(
        creator,
        [hook, FaultHook(Fault("before_run", 3))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        assert [session.run(step) for _ in range(3)] == [1, 2, 3]
    saves = [entry for entry in log if entry.startswith("after_save")]
    assert saves == [f"after_save {n}" for n in (0, 2, 2, 3)]


@pytest.mark.parametrize("cadence", [{}, {"save_secs": 1, "save_steps": 1}])
def test_it_needs_one_cadence(graph, tmp_path, cadence):
    with pytest.raises(ValueError, match="every_secs"):
        Hook(str(tmp_path), **cadence)


def test_a_saver_and_a_scaffold_together_are_an_error(graph, tmp_path):
    with pytest.raises(ValueError, match="both saver and scaffold"):
        Hook(
            str(tmp_path),
            save_steps=1,
            saver="saver",
            scaffold=v1.train.Scaffold(),
        )


def test_another_type_error_than_that_of_protobuf_is_raised(step, tmp_path):
    hook = _hook(tmp_path)
    (tmp_path / "graph.pbtxt").mkdir()
    with pytest.raises(tf.errors.OpError):
        _run(step, hook)


def test_it_needs_a_global_step(graph, tmp_path):
    v1.get_variable("v", initializer=1.0)
    with pytest.raises(RuntimeError, match="[Gg]lobal step"):
        _run(None, _hook(tmp_path))
