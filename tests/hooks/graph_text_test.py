"""The graph that CheckpointSaverHook writes as text and into the event file."""

import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook
from tests.hooks import saver_runs

v1 = tf.compat.v1


def test_it_writes_the_graph_as_text_that_can_be_read_back(step, tmp_path):
    from google.protobuf import text_format

    graph = step.graph
    saver_runs.run(step, saver_runs.hook(tmp_path))
    text = (tmp_path / "graph.pbtxt").read_text()
    graph_def = text_format.Parse(text, v1.GraphDef())
    assert graph_def == graph.as_graph_def(add_shapes=True)


def test_a_graph_that_cant_be_written_is_a_warning(step, tmp_path, caplog):
    (tmp_path / "graph.pbtxt").mkdir()
    saver_runs.run(step, saver_runs.hook(tmp_path))
    assert saver_runs.steps_on_disk(tmp_path) == [0, 2, 3]
    assert not list(tmp_path.glob("*.tmp"))


def _graphs_in_the_event_file(folder):
    v1.summary.FileWriterCache.get(str(folder)).flush()
    (events,) = folder.glob("events.*")
    kinds = [
        event.WhichOneof("what")
        for event in v1.train.summary_iterator(str(events))
    ]
    return kinds.count("graph_def"), kinds.count("meta_graph_def")


def test_a_recovery_adds_no_graph_to_the_event_file(step, tmp_path):
    saver_runs.run(step, saver_runs.hook(tmp_path / "one"))
    saver_runs.recovering_run(
        step, saver_runs.hook(tmp_path / "recovered"), tmp_path / "recovered"
    )
    once = _graphs_in_the_event_file(tmp_path / "one")
    # The writer itself adds the graph as it is when the writer is made.
    assert once == (2, 2)
    assert _graphs_in_the_event_file(tmp_path / "recovered") == once


def test_graph_pbtxt_is_written_once(step, tmp_path):
    class Removes(monitored_tf.SessionRunHook):
        def after_create_session(self, session, coord):
            (tmp_path / "graph.pbtxt").unlink(missing_ok=True)

    removes = Removes()
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    fault = FaultHook(Fault("before_run", 3))
    with monitored_tf.MonitoredSession(
        creator,
        [saver_runs.hook(tmp_path), fault, removes],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        for _ in range(3):
            session.run(step)
    assert not (tmp_path / "graph.pbtxt").exists()


def test_a_small_graphs_text_is_there_when_the_session_is(step, tmp_path):
    with monitored_tf.MonitoredSession(hooks=[saver_runs.hook(tmp_path)]):
        assert (tmp_path / "graph.pbtxt").exists()
