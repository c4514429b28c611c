"""The checkpoint saver of MonitoredTrainingSession."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import FakeClock, Fault, FaultHook
from tests.hooks import saver_runs

v1 = tf.compat.v1
Hook = monitored_tf.CheckpointSaverHook


class _QuietHook(v1.train.CheckpointSaverHook):
    """TensorFlow's, without graph.pbtxt: not all protobufs let it write one."""

    def after_create_session(self, session, coord):
        step = session.run(self._global_step_tensor)
        self._save(session, step)
        self._timer.update_last_triggered_step(step)


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


def test_it_is_a_checkpoint_saver_of_tensorflow(step, tmp_path):
    assert isinstance(saver_runs.hook(tmp_path), v1.train.CheckpointSaverHook)


def test_it_saves_at_the_beginning_on_its_cadence_and_at_the_end(
    step, tmp_path
):
    saver_runs.run(step, saver_runs.hook(tmp_path))
    assert saver_runs.steps_on_disk(tmp_path) == [0, 2, 3]


def test_it_calls_its_listeners_at_each_save(step, tmp_path):
    log = []
    saver_runs.run(step, saver_runs.hook(tmp_path, listeners=[_Listener(log)]))
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


def test_its_meta_file_makes_the_graph_again(step, tmp_path):
    saver_runs.run(step, saver_runs.hook(tmp_path))
    path = tf.train.latest_checkpoint(str(tmp_path))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(path + ".meta").restore(session, path)
        assert session.run(v1.train.get_global_step()) == 3


def test_without_graph_files_none_are_written(step, tmp_path):
    saver_runs.run(step, saver_runs.hook(tmp_path, save_graph_def=False))
    names = {path.name for path in tmp_path.iterdir()}
    assert "model.ckpt-3.index" in names
    assert not {name for name in names if name.endswith(("pbtxt", ".meta"))}


def test_it_makes_its_folder(step, tmp_path):
    folder = tmp_path / "new" / "folder"
    saver_runs.run(step, saver_runs.hook(folder))
    assert (folder / "graph.pbtxt").exists()


def test_its_files_may_be_named(step, tmp_path):
    saver_runs.run(step, saver_runs.hook(tmp_path, checkpoint_basename="mine"))
    assert (tmp_path / "mine-3.index").exists()


def test_it_saves_again_after_a_recovery(step, tmp_path):
    log = []
    hook = saver_runs.hook(tmp_path, listeners=[_Listener(log)])
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with monitored_tf.MonitoredSession(
        creator,
        [hook, FaultHook(Fault("before_run", 3))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        assert [session.run(step) for _ in range(3)] == [1, 2, 3]
    saves = [entry for entry in log if entry.startswith("after_save")]
    assert saves == [f"after_save {n}" for n in (0, 2, 2, 3)]


def test_after_a_rollback_the_cadence_begins_at_the_restored_step(
    step, tmp_path
):
    log = []
    hook = saver_runs.hook(tmp_path, save_steps=3, listeners=[_Listener(log)])
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with monitored_tf.MonitoredSession(
        creator,
        [hook, FaultHook(Fault("before_run", 6))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        for _ in range(10):  # From 5 back to 3.
            session.run(step)
    saves = [entry for entry in log if entry.startswith("after_save")]
    assert saves == [f"after_save {n}" for n in (0, 3, 3, 6, 8)]


def test_after_an_outage_the_seconds_count_from_the_new_session(step, tmp_path):
    log = []
    hook = Hook(
        str(tmp_path),
        save_secs=3,
        saver=v1.train.Saver(),
        listeners=[_Listener(log)],
    )
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with FakeClock() as clock:
        with monitored_tf.MonitoredSession(
            creator,
            [hook, FaultHook(Fault("before_run", 6))],
            recovery=monitored_tf.RecoveryPolicy(
                initial_pause_secs=1000, max_pause_secs=1000
            ),
        ) as session:
            for _ in range(10):  # From 5 back to 3, a second each.
                clock.advance(1)
                session.run(step)
    saves = [entry for entry in log if entry.startswith("after_save")]
    # The second before the outage is that of the step that is repeated.
    assert saves == [f"after_save {n}" for n in (0, 3, 3, 7, 8)]


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


def _metas(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.meta")}


def test_every_meta_file_is_byte_for_byte_that_of_tensorflow(step, tmp_path):
    saver = v1.train.Saver(max_to_keep=100)
    hooks = [
        hook_class(str(tmp_path / folder), save_steps=2, saver=saver)
        for hook_class, folder in (
            (_QuietHook, "theirs"),
            (Hook, "ours"),
        )
    ]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        for _ in range(5):
            session.run(step)
    theirs = _metas(tmp_path / "theirs")
    assert sorted(theirs) == [f"model.ckpt-{n}.meta" for n in (0, 2, 4, 5)]
    assert _metas(tmp_path / "ours") == theirs


def test_the_graph_is_exported_once_and_the_bytes_are_kept(step, tmp_path):
    exports = []

    class Counting(v1.train.Saver):
        def export_meta_graph(self, *args, **kwargs):
            exports.append(args)
            return super().export_meta_graph(*args, **kwargs)

    hook = Hook(str(tmp_path), save_steps=1, saver=Counting())
    saver_runs.recovering_run(step, hook, tmp_path, 5)
    assert len(list(tmp_path.glob("*.meta"))) == 5  # Of 6, max_to_keep.
    assert len(exports) == 1


def test_a_graph_that_may_grow_is_exported_at_each_save(step, tmp_path):
    hook = saver_runs.hook(tmp_path, save_steps=1)
    with v1.Session() as session:
        hook.begin()
        session.run(v1.global_variables_initializer())
        hook.after_create_session(session, None)
        added = tf.constant(1, name="added_later")
        session.run(step)
        hook.end(session)
    metas = [(tmp_path / f"model.ckpt-{n}.meta").read_bytes() for n in (0, 1)]
    assert [added.op.name.encode() in meta for meta in metas] == [False, True]


def test_sharded_checkpoints_have_one_meta_file(step, tmp_path):
    saver = v1.train.Saver(sharded=True)
    saver_runs.run(step, Hook(str(tmp_path), save_steps=1, saver=saver))
    names = {path.name for path in tmp_path.glob("*.meta")}
    assert names == {f"model.ckpt-{n}.meta" for n in range(4)}


@pytest.mark.parametrize("max_to_keep", [0, 1])
def test_old_meta_files_go_with_their_checkpoints(step, tmp_path, max_to_keep):
    saver = v1.train.Saver(max_to_keep=max_to_keep)
    saver_runs.run(step, Hook(str(tmp_path), save_steps=1, saver=saver))
    metas = {path.stem for path in tmp_path.glob("*.meta")}
    assert metas == {path.stem for path in tmp_path.glob("*.index")}
    assert len(metas) == (max_to_keep or 4)


def test_it_works_in_tensorflows_own_session(step, tmp_path):
    with v1.train.MonitoredSession(
        hooks=[saver_runs.hook(tmp_path)]
    ) as session:
        session.run(step)
    assert saver_runs.steps_on_disk(tmp_path) == [0, 1]
    assert (tmp_path / "graph.pbtxt").exists()


def test_it_needs_a_global_step(graph, tmp_path):
    v1.get_variable("v", initializer=1.0)
    with pytest.raises(RuntimeError, match="[Gg]lobal step"):
        saver_runs.run(None, saver_runs.hook(tmp_path))
