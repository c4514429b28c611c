"""What the tasks of the collectives tests do."""

import time

import tensorflow as tf

import monitored_tf
from monitored_tf.hooks.peer_health_hook import PeerHealthHook

v1 = tf.compat.v1


def train(options):
    """Calls `train_with` with these options, which come as one argument."""
    train_with(**options)


def train_with(
    library="monitored_tf",
    n_steps=10**6,
    watched=True,
    step_secs=0.01,
    linger_secs=0.0,
    catches=False,
    **hook,
):
    """Trains one variable with collectives and prints each step.

    Args:
      library: Whose session: "tf" or "monitored_tf".
      n_steps: How many.
      step_secs: Seconds from the end of a step to the next.
      watched: Whether with a PeerHealthHook.
      linger_secs: Seconds that worker 0 works on after its last step, in the
        `with` block.
      catches: Whether to go on for ever after the error of a run.
      **hook: Arguments of the hook.
    """
    v1.disable_eager_execution()
    strategy = v1.distribute.experimental.MultiWorkerMirroredStrategy()
    resolver = strategy.cluster_resolver
    config = strategy.update_config_proto(v1.ConfigProto())
    server = tf.distribute.Server(
        resolver.cluster_spec(),
        job_name=resolver.task_type,
        task_index=resolver.task_id,
        config=config,
    )
    settings = {"poll_secs": 0.2, "grace_secs": 1.0, "exit_grace_secs": 3.0}
    hooks = [PeerHealthHook(**{**settings, **hook})] if watched else []
    module = v1.train if library == "tf" else monitored_tf
    with tf.Graph().as_default(), strategy.scope():
        fetches = _step(strategy, resolver.task_id)
        try:
            with module.MonitoredTrainingSession(
                server.target, config=config, hooks=hooks
            ) as session:
                for _ in range(n_steps):
                    print("step {}, w {:.4f}".format(*session.run(fetches)))
                    time.sleep(step_secs)
                if resolver.task_id == 0:
                    time.sleep(linger_secs)
        except Exception as error:
            print("raised", type(error).__name__, "from", error.__cause__)
            if catches:
                time.sleep(3600)
            raise
    print("done")


def catch_and_linger(options):
    """Catches the end of the data; worker 0 works on while the other goes."""
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    server = tf.distribute.Server(
        resolver.cluster_spec(),
        job_name="worker",
        task_index=resolver.task_id,
    )
    hook = PeerHealthHook(poll_secs=0.1, grace_secs=0.5)
    with tf.Graph().as_default():
        empty = tf.data.Dataset.range(0)
        element = v1.data.make_one_shot_iterator(empty).get_next()
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            try:
                session.run(element)
            except tf.errors.OutOfRangeError:
                print("caught")
            if resolver.task_id == 0:
                time.sleep(options["secs"])
    del server
    print("done")


def _step(strategy, task_id):
    def replica_step():
        w = v1.get_variable("w", initializer=5.0, use_resource=True)
        loss = tf.square(w - 2.0 * task_id)
        optimizer = v1.train.GradientDescentOptimizer(0.05)
        train_op = optimizer.minimize(loss, v1.train.get_global_step())
        with tf.control_dependencies([train_op]):
            return w.read_value()

    global_step = v1.train.get_or_create_global_step()
    results = strategy.extended.call_for_each_replica(replica_step)
    w = strategy.experimental_local_results(results)[0]
    with tf.control_dependencies([w]):
        return [global_step.read_value(), w]
