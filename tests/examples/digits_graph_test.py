"""The data set and the graph of the digits example."""

import numpy as np

import monitored_tf
from monitored_tf.examples import digits_graph


def test_the_two_parts_hold_all_digits_and_no_image_twice():
    train, held_out = digits_graph.load()
    assert train.images.shape == (1437, 8, 8, 1)
    assert held_out.images.shape == (360, 8, 8, 1)
    assert 0 <= train.images.min() <= train.images.max() == 1
    for part in (train, held_out):
        assert np.bincount(part.labels, minlength=10).min() > 20
    images = np.concatenate([train.images, held_out.images]).reshape(1797, -1)
    assert len(np.unique(images, axis=0)) == 1797


def test_one_step_changes_the_loss(graph):
    train_op, accuracy = digits_graph.build()
    with monitored_tf.MonitoredSession() as session:
        before = session.run(accuracy)
        for _ in range(20):
            session.run(train_op)
        assert session.run(accuracy) > before
