"""Prints how gs:// can be configured here: python -m monitored_tf.cloud."""

from __future__ import annotations

from monitored_tf.cloud.doctor import doctor

print(doctor())
