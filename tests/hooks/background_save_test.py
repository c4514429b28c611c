"""Checkpoints that are written while training goes on hold their own step."""

import threading

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.checked_saver import CheckedSaver
from monitored_tf.hooks.save_once import is_saving
from tests.hooks import background_saves as saves

v1 = tf.compat.v1
pytestmark = pytest.mark.usefixtures("scratch")


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("sharded", [True, False])
def test_each_checkpoint_holds_the_values_of_its_step(
    step, folder, gate, way, use_resource, sharded
):
    twin = v1.get_variable(
        "twin",
        (1000,),
        initializer=tf.zeros_initializer(),
        use_resource=use_resource,
    )
    with tf.control_dependencies([step]):
        train = v1.assign_add(twin, tf.ones([1000]))  # In place.
    hook = monitored_tf.CheckpointSaverHook(
        str(folder),
        save_steps=3,
        saver=v1.train.Saver(max_to_keep=50, sharded=sharded),
        async_save=True,
    )
    with saves.session([hook]) as session:
        for number in range(1, 33):
            if number % 3 == 0:
                gate.shut()
            session.run(train)
            if number % 3 == 2 and number > 2:
                # Two more steps have run: nothing of them may be saved.
                assert gate.reached.wait(10)
                assert max(saves.steps(folder)) < number - 2
                gate.open()
    saved = [*range(0, 31, 3), 32]
    assert saves.steps(folder) == saved
    for number in saved:
        assert saves.value(folder, number, "global_step") == number
        values = saves.value(folder, number, "twin")
        np.testing.assert_array_equal(values, np.full(1000, number))


def test_the_files_are_those_of_a_save_that_is_waited_for(step, tmp_path, way):
    v1.get_variable("weight", (1000,))
    hooks = [
        saves.hook(tmp_path / kind, async_save=kind == "async")
        for kind in ("sync", "async")
    ]
    with saves.session(hooks) as session:
        for _ in range(5):
            session.run(step)
    sync, in_background = (
        {
            path.name: path.read_bytes()
            for path in (tmp_path / kind).glob("model.ckpt*")
        }
        for kind in ("sync", "async")
    )
    assert len(sync) == 12
    assert in_background.keys() == sync.keys()
    # The names of the ops of the two savers differ in the graph.
    for name in sync:
        if not name.endswith(".meta"):
            assert in_background[name] == sync[name]


def test_the_way_is_the_one_that_is_meant(step, folder, monkeypatch, way):
    kinds = []
    save_snapshot = CheckedSaver.save_snapshot

    def noted(saver, session, snapshot, *args):
        kinds.append(type(snapshot).__name__)
        save_snapshot(saver, session, snapshot, *args)

    monkeypatch.setattr(CheckedSaver, "save_snapshot", noted)
    with saves.session([saves.hook(folder)]) as session:
        for _ in range(4):
            session.run(step)
    # The first save is waited for, and puts nothing aside.
    kind = {"arrays": "FetchedSnapshot", "files": "WrittenSnapshot"}[way]
    assert kinds == [kind, kind]


def test_training_goes_on_and_one_save_is_in_flight(step, folder, gate):
    with saves.session([saves.hook(folder)]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        assert gate.reached.wait(10)
        assert is_saving()
        assert saves.steps(folder) == [0]
        threading.Timer(0.05, gate.open).start()
        session.run(step)  # Saves: waits for the save before.
        assert 2 in saves.steps(folder)
    assert saves.steps(folder) == [0, 2, 4]


def test_the_first_the_last_and_asked_for_saves_are_waited_for(step, folder):
    hook = saves.hook(folder, save_steps=100)
    with saves.session([hook]) as session:
        assert saves.steps(folder) == [0]
        session.run(step)
        assert session.save() == str(folder / "model.ckpt-1")
        assert saves.steps(folder) == [0, 1]
        session.run(step)
    assert saves.steps(folder) == [0, 1, 2]


class CountingHook(monitored_tf.SessionRunHook):
    def __init__(self):
        self.runs = 0

    def after_run(self, run_context, run_values):
        self.runs += 1

    def state_dict(self):
        return {"runs": self.runs}

    def load_state_dict(self, state):
        self.runs = state["runs"]


def test_the_states_of_hooks_are_those_of_the_step(step, folder, gate, way):
    with saves.session([CountingHook(), saves.hook(folder)]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        gate.open()
    text = (folder / "model.ckpt-2.hooks.json").read_text()
    assert '"runs": 2' in text


def test_the_best_is_chosen_by_the_value_of_the_step(step, folder, gate):
    # Worse from step to step: a later value would not be the one.
    metric = tf.cast(v1.train.get_global_step(), tf.float32, name="metric")
    with tf.control_dependencies([metric]):
        train = tf.identity(step)
    values = []
    hook = saves.hook(folder, keep_best=("metric", 1, "max"))
    with saves.session([hook]) as session:
        for number in range(1, 8):
            if number % 2 == 0:
                gate.shut()
            values.append(session.run([train, metric])[1])
            if number % 2:
                gate.open()
        gate.open()
    best = tf.train.latest_checkpoint(str(folder / "best"))
    assert best == str(folder / "best" / "model.ckpt-7")


def test_the_session_may_be_given_to_tensorflows_own(step, folder):
    with v1.train.MonitoredSession(hooks=[saves.hook(folder)]) as session:
        for _ in range(5):
            session.run(step)
    assert saves.steps(folder) == [0, 2, 4, 5]


def test_a_training_session_saves_in_the_background(step, folder, gate):
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(folder), save_checkpoint_steps=2, async_save=True
    ) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        assert gate.reached.wait(10)
        assert saves.steps(folder) == [0]
        gate.open()
    assert saves.steps(folder) == [0, 2, 3]
