"""Programs to start from; each runs as `python -m monitored_tf.examples.NAME`.

Before anything else they load TensorFlow without its start-up lines.
"""

from __future__ import annotations

from monitored_tf.examples import quiet_start

quiet_start.load_tensorflow()
