"""What listeners are told of saves in the background, and where."""

import threading

import pytest
import tensorflow as tf

from tests.hooks import background_saves as saves

v1 = tf.compat.v1
pytestmark = pytest.mark.usefixtures("scratch")


def test_listeners_are_called_as_by_a_save_that_is_waited_for(step, tmp_path):
    logs = {}
    for is_async in (False, True):
        listener = saves.Listener()
        hook = saves.hook(
            tmp_path / str(is_async), async_save=is_async, listeners=[listener]
        )
        with saves.session([hook]) as session:
            for _ in range(7):
                session.run(step)
        logs[is_async] = listener.log
    assert logs[True] == logs[False]
    assert len(logs[True]) == 10


def test_listeners_are_called_in_the_training_thread(step, folder):
    threads = set()

    class Own(v1.train.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            threads.add(threading.current_thread())
            assert session.run(v1.train.get_global_step()) >= global_step_value

    with saves.session([saves.hook(folder, listeners=[Own()])]) as session:
        for _ in range(5):
            session.run(step)
    assert threads == {threading.main_thread()}


def test_a_listener_may_stop_the_training(step, folder):
    listener = saves.Listener(stops_at=2)
    with saves.session([saves.hook(folder, listeners=[listener])]) as session:
        while not session.should_stop():
            session.run(step)
    assert listener.log[2:4] == ["before 2", "after 2"]


def test_a_listener_gets_the_checkpoint_that_it_asks_for(step, folder, gate):
    paths = []

    class Saving(saves.Listener):
        def after_save(self, _, global_step_value):
            if global_step_value == 2:
                paths.append(session.save())

    with saves.session([saves.hook(folder, listeners=[Saving()])]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        threading.Timer(0.1, gate.open).start()
        session.run(step)  # Waits for the save of step 2.
    assert paths == [str(folder / "model.ckpt-4")]


def test_a_listener_may_save_before_a_save(step, folder):
    paths = []

    class Saving(saves.Listener):
        def before_save(self, _, global_step_value):
            if global_step_value == 2 and not paths:
                paths.append("")  # This save has a listener too.
                paths.append(session.save())

    with saves.session([saves.hook(folder, listeners=[Saving()])]) as session:
        for _ in range(3):
            session.run(step)
    assert paths == ["", str(folder / "model.ckpt-2")]
