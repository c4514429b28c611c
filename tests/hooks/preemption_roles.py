"""What the processes of the tests of PreemptionHook do."""

import asyncio
import multiprocessing
import os
import shutil
import signal
import threading
import time

import tensorflow as tf

import monitored_tf
from monitored_tf.hooks.preemption_hook import PreemptionHook

v1 = tf.compat.v1
TEN_STEPS = "step 10"
WAITS = "waits"


def play(options):
    """Calls the function of this module that `act` names."""
    act = globals()[options.pop("act")]
    with tf.Graph().as_default():
        act(**options)


def step_op():
    """Returns an op that counts the global step, and a variable with it."""
    step = v1.train.get_or_create_global_step()
    twin = v1.get_variable("twin", initializer=tf.constant(0, tf.int64))
    with tf.control_dependencies([v1.assign_add(twin, 1)]):
        return tf.identity(v1.assign_add(step, 1), name="step")


def endless_op():
    """Returns an op that waits for ever, in C++."""
    return tf.queue.FIFOQueue(1, tf.int64).dequeue()


def new_session(
    folder,
    library="monitored_tf",
    recorder=None,
    scaffold=None,
    master="",
    **settings,
):
    """Returns a session that saves, and stops at signals."""
    saver = monitored_tf.CheckpointSaverHook(
        folder, save_secs=600, scaffold=scaffold, listeners=[Listener()]
    )
    if master == "local server":
        master = tf.distribute.Server.create_local_server().target
    creator = monitored_tf.ChiefSessionCreator(
        scaffold, master, checkpoint_dir=folder
    )
    hooks = [
        saver,
        Failing(),
        *recorder_of(recorder),
        PreemptionHook(saver, **settings),
    ]
    train = v1.train if library == "tf" else monitored_tf
    return train.MonitoredSession(creator, hooks)


def recorder_of(name):
    return [monitored_tf.testing.RecordingHook(name)] if name else []


class Listener(monitored_tf.CheckpointSaverListener):
    """Says what is saved.

    Attributes:
      before: Called before each save.
    """

    before = staticmethod(lambda: None)

    def before_save(self, session, global_step_value):
        self.before()

    def after_save(self, session, global_step_value):
        print("listener:", global_step_value)


def train(then=None, secs=0.01, **options):
    """Counts steps, says each, and does `then` something after ten."""
    step, endless = step_op(), endless_op()
    with new_session(**options) as session:
        while not session.should_stop():
            count = session.run(step)
            time.sleep(secs)
            print("step", count)
            if count >= 10 and then is not None:
                globals()[then](session, endless)
    print("reason:", session.stop_reason)


def block(session, endless):
    print(WAITS)
    session.run(endless)


def sleep(session, endless):
    print(WAITS)
    threading.Event().wait(20)


def ignore_should_stop(session, endless):
    while True:
        session.run(v1.train.get_global_step(session.graph))


def block_saves(session, endless):
    Listener.before = staticmethod(lambda: time.sleep(20))
    block(session, endless)


def fork(session, endless):
    """Ends a forked process by SIGTERM, and says how it ended."""
    child = multiprocessing.get_context("fork").Process(
        target=time.sleep, args=(20,)
    )
    child.start()
    os.kill(child.pid, signal.SIGTERM)
    child.join(10)
    print("child:", child.exitcode)
    time.sleep(0.3)
    raise SystemExit(0)


def fail(session, endless):
    raise ValueError("boom")


def fail_in_hook(session, endless):
    """Has the next run succeed, and a hook before the last one fail then."""
    Failing.error = ValueError("boom")
    session.run(v1.get_default_graph().get_operation_by_name("step"))


def find_nan(session, endless):
    Failing.error = v1.train.NanLossDuringTrainingError()
    session.run(v1.get_default_graph().get_operation_by_name("step"))


def block_after_a_slow_hook(session, endless):
    """Blocks after a step whose hooks took long."""
    Failing.secs = 3
    session.run(v1.get_default_graph().get_operation_by_name("step"))
    Failing.secs = 0
    block(session, endless)


def hang_in_hook(session, endless):
    """Has a hook that does not return after a run that has ended."""
    Failing.secs = 20
    print(WAITS)
    session.run(v1.get_default_graph().get_operation_by_name("step"))


class Failing(monitored_tf.SessionRunHook):
    """Takes long and fails after a run, once it is told to."""

    secs = 0
    error = None

    def after_run(self, run_context, run_values):
        time.sleep(self.secs)
        if self.error is not None:
            raise self.error


def fail_in_step(session, endless):
    session.run(endless, {endless: "no number"})


def evaluate(session, endless):
    """Evaluates in another session, without hooks, in the same process."""
    evaluate_with([])


def evaluate_blocked(session, endless):
    evaluate_with([PreemptionHook()], blocks=True)


def evaluate_watched(session, endless):
    evaluate_with([PreemptionHook()])


def evaluate_with(hooks, blocks=False):
    with tf.Graph().as_default():
        one, endless = tf.constant(1), endless_op()
        with monitored_tf.MonitoredSession(hooks=hooks) as session:
            print(WAITS)
            while not session.should_stop():
                session.run(endless if blocks else one)
                time.sleep(0.01)
            print("evaluation ended")


def create(folder, **settings):
    """Hangs in C++ while a session is made."""
    step_op()
    init_op = tf.group(v1.global_variables_initializer(), endless_op())
    print(WAITS)
    new_session(folder, scaffold=v1.train.Scaffold(init_op=init_op), **settings)


def wait_for_chief(library="monitored_tf", **settings):
    """Waits, as a worker, for variables that nobody initializes."""
    step_op()
    server = tf.distribute.Server.create_local_server()
    print(WAITS)
    monitored_tf.MonitoredSession(
        monitored_tf.WorkerSessionCreator(master=server.target),
        [PreemptionHook(**settings)],
    )


def work(**settings):
    """Counts steps as a worker does, which saves nothing."""
    step = step_op()
    with monitored_tf.MonitoredSession(hooks=[PreemptionHook(**settings)]) as s:
        while not s.should_stop():
            print("step", s.run(step))
            time.sleep(0.01)


def own_handler(folder):
    """Has a handler of its own."""
    signal.signal(signal.SIGTERM, lambda *_: print("own handler"))
    train(folder=folder, then="wait_for_stop")


def wait_for_stop(session, endless):
    print(WAITS)
    time.sleep(1)
    session.request_stop("enough")


def restored(folder, library="monitored_tf"):
    """Says which handlers there are before, during and after a session."""

    def handler():
        return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    step, before = step_op(), handler()
    with new_session(folder, library=library) as session:
        session.run(step)
        during = handler()
    print("default:", before, during, handler())
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    print("alive")


def in_thread(folder):
    """Trains in a thread."""
    graph = v1.get_default_graph()

    def run():
        with graph.as_default():
            train(folder=folder)

    threading.Thread(target=run, daemon=True).start()
    threading.Event().wait(20)


def slow_end(folder, **settings):
    """Takes long to end, once it was told to stop."""
    step = step_op()
    with new_session(folder, **settings) as session:
        while not session.should_stop():
            print("step", session.run(step))
        print("stops")
        try:
            time.sleep(20)
        except KeyboardInterrupt:
            print("interrupted")
            raise


def end_of_hooks(folder):
    """Says what another hook saw of a stop."""
    step = step_op()
    log = monitored_tf.testing.RecordingHook("log")
    try:
        with monitored_tf.MonitoredSession(
            hooks=[log, PreemptionHook()]
        ) as session:
            while not session.should_stop():
                print("step", session.run(step))
                time.sleep(0.01)
    finally:
        print("last call:", log.calls[-1])
        print("ended:", log.calls.count("log.end"))


def train_slowly(folder, **settings):
    """Has steps that take half a second each."""

    def wait(count):
        time.sleep(0.1 if count < 9 else 0.5)
        return count

    step = step_op()
    slow = tf.numpy_function(wait, [step], tf.int64)
    with new_session(folder, **settings) as session:
        while not session.should_stop():
            print("step", session.run([step, slow])[0])


def remove_folder(session, endless):
    """Puts a file where the checkpoints were."""
    folder = os.path.dirname(session.save())
    shutil.rmtree(folder)
    open(folder, "w").close()
    session.run(v1.get_default_graph().get_tensor_by_name("global_step:0"))
    block(session, endless)


def with_asyncio(folder):
    """Trains in an event loop, which has a handler of its own."""

    async def main():
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR2, print, "asyncio got it")
        step = step_op()
        with new_session(folder) as session:
            while not session.should_stop():
                print("step", session.run(step))
                await asyncio.sleep(0.01)

    asyncio.run(main())


def end_during_save(folder, **settings):
    """Has a step that ends while the thread saves."""
    saving, has_ended = threading.Event(), threading.Event()

    def wait(count):
        if count == 11:
            print(WAITS)
            saving.wait(10)
        return count

    def before_save():
        if count == 10:
            saving.set()
            has_ended.wait(10)
            time.sleep(0.1)  # From the first hook to the last one.

    class Ended(monitored_tf.SessionRunHook):
        def after_run(self, run_context, run_values):
            if count == 10:
                has_ended.set()

    count, step = 0, step_op()
    slow = tf.numpy_function(wait, [step], tf.int64)
    saver = monitored_tf.CheckpointSaverHook(
        folder, save_secs=600, listeners=[Listener()]
    )
    Listener.before = staticmethod(before_save)
    with monitored_tf.MonitoredSession(
        hooks=[saver, Ended(), PreemptionHook(saver, **settings)]
    ) as session:
        while not session.should_stop():
            count = session.run([step, slow])[0]


class SlowToSave(v1.Session):
    """Takes a second to run `slow`."""

    slow = None

    def run(self, fetches, *args, **kwargs):
        if fetches == self.slow:
            print(WAITS)
            time.sleep(1)
        return super().run(fetches, *args, **kwargs)


def save_slowly(folder, **settings):
    """Saves at step 9, which takes long."""

    class Creator(monitored_tf.SessionCreator):
        def create_session(self):
            scaffold.finalize()
            raw_session.run(scaffold.init_op)
            return raw_session

    step, scaffold = step_op(), v1.train.Scaffold()
    raw_session = SlowToSave()
    saver = monitored_tf.CheckpointSaverHook(
        folder, save_steps=9, scaffold=scaffold, listeners=[Listener()]
    )
    with monitored_tf.MonitoredSession(
        Creator(), [saver, PreemptionHook(saver, **settings)]
    ) as session:
        raw_session.slow = scaffold.saver.saver_def.save_tensor_name
        while not session.should_stop():
            session.run(step)


def recover_for_ever(folder, **settings):
    """Loses its session, and pauses for long before it makes another."""

    class Losing(monitored_tf.SessionRunHook):
        def before_run(self, run_context):
            print(WAITS)
            raise tf.errors.AbortedError(None, None, "lost")

    policy = monitored_tf.RecoveryPolicy(
        initial_pause_secs=20.0, max_pause_secs=20.0
    )
    step = step_op()
    with monitored_tf.MonitoredSession(
        hooks=[Losing(), PreemptionHook(**settings)], recovery=policy
    ) as session:
        while not session.should_stop():
            session.run(step)
