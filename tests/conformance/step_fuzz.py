"""Runs one random program of steps on TensorFlow's session and on ours.

A step leaves a record: the result or the error, what each hook saw, what
became of the arrays that were fed. The records must be equal, step by step.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tests.conformance import (
    step_fuzz_program,
    step_fuzz_records,
    step_fuzz_requests,
)
from tests.conformance.programs import OURS, THEIRS
from tests.conformance.step_fuzz_graph import Zoo
from tests.conformance.step_fuzz_names import fed_names, risky_ops
from tests.conformance.step_fuzz_program import Program, Step
from tests.conformance.step_fuzz_records import Describer
from tests.conformance.step_fuzz_requests import Part

v1 = tf.compat.v1


def run(seed: int, count: int) -> Iterator[tuple[Step, Any, Any]]:
    """Yields, for each step of a program, the step and both records.

    Args:
      seed: Of all that is random.
      count: Of steps.
    """
    rng = random.Random(seed)
    with tf.Graph().as_default():
        zoo = Zoo(rng)
        hooks = [_HookSpec(rng) for _ in range(rng.randrange(5))]
        asking = [n for n, hook in enumerate(hooks) if hook.asks]
        program = Program(rng, zoo, len(hooks), asking)
        config = v1.ConfigProto(
            inter_op_parallelism_threads=rng.choice([-1, -1, -1, 1, 0])
        )
        theirs = _Side(THEIRS, config, hooks, zoo)
        ours = _Side(OURS, config, hooks, zoo)
        try:
            for step in program.steps(count):
                if step.change is not None:
                    step.change()
                yield step, theirs.run(step), ours.run(step)
        finally:
            theirs.session.close()
            ours.session.close()


def agree(step: Step, theirs: Any, ours: Any, graph: Any) -> bool:
    """Returns whether two records are equal, as far as TensorFlow is to itself.

    Of two nodes that fail in one run, either may be reported.
    """
    if theirs == ours:
        return True
    if not step_fuzz_records.are_node_errors(theirs, ours):
        return False
    fed = {
        name
        for number, part in enumerate(step.request.parts())
        for place, key in enumerate(part.keys)
        for name in fed_names(key.value, graph)
        if step.left_out != (number, place)
        and (key.kind == "dense" or (number, place) not in step.bad)
    }
    fetched = step_fuzz_requests.fetched_names(step.request, graph)
    may_fail = risky_ops(fetched, fed, graph)
    return len(may_fail) > 1 and {theirs.node, ours.node} <= may_fail


class _HookSpec:
    """Which callbacks a hook has, and whose SessionRunHook it derives from."""

    def __init__(self, rng: random.Random) -> None:
        self._base = rng.choice([THEIRS, OURS]).SessionRunHook
        self._callbacks = rng.choice(
            [("before_run", "after_run")] * 5
            + [("before_run",), ("after_run",), ()]
        )
        self.asks = "before_run" in self._callbacks

    def make(self, number: int, side: _Side) -> Any:
        methods = {name: getattr(_Hook, name) for name in self._callbacks}
        made = type("Hook", (self._base,), methods)()
        made.number, made.side = number, side
        return made


class _Hook:
    """The callbacks of a hook; `number` is its place, `side` where it runs."""

    number: int
    side: _Side

    def before_run(self, run_context: Any) -> Any:
        args = run_context.original_args
        self.side.note(
            self.number,
            "before_run",
            args.fetches is self.side.arguments["fetches"],
            args.feed_dict is self.side.arguments["feed_dict"],
            args.options,
            run_context.stop_requested,
            type(run_context.session),
        )
        self.side.stop_if_asked(self.number, "before_run", run_context)
        return self.side.request_of(self.number)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.side.note(
            self.number,
            "after_run",
            self.side.describe(run_values.results),
            run_values.options.SerializeToString(),
            step_fuzz_records.fields(run_values.run_metadata),
            run_context.stop_requested,
        )
        self.side.stop_if_asked(self.number, "after_run", run_context)


def _used_metadata() -> Any:
    """Returns what holds something of an earlier run."""
    metadata = v1.RunMetadata()
    metadata.step_stats.dev_stats.add()
    return metadata


class _Side:
    """A session of TensorFlow or of ours, and what is seen of its steps."""

    def __init__(self, side: Any, config: Any, specs: Any, zoo: Zoo) -> None:
        self._zoo = zoo
        hooks = [spec.make(n, self) for n, spec in enumerate(specs)]
        creator = side.ChiefSessionCreator(config=config)
        self.session = side.MonitoredSession(creator, hooks, **side.keywords)

    def run(self, step: Step) -> Any:
        """Runs a step and returns its record."""
        self._step = step
        self._log: list[Any] = []
        self.describe = Describer()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._values = step_fuzz_program.values(step, self._zoo)
            self.arguments = self._arguments(step)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            record = self._outcome()
        if record.kind == "result":
            # A set: what is converted twice, to be refused, warns twice. In a
            # step that is refused all may be converted that warns.
            record.warned = {
                (w.category.__name__, str(w.message)) for w in warned
            }
        self.describe.overwrite()
        record.log = self._log
        record.fed = Describer()(self._values)
        record.should_stop = self.session.should_stop()
        metadata = self.arguments["run_metadata"]
        record.metadata = metadata and step_fuzz_records.fields(metadata)
        return record

    def _outcome(self) -> Any:
        try:
            result = self._call()
        except Exception as error:
            return step_fuzz_records.of_error(error)
        return step_fuzz_records.of_result(self.describe(result))

    def _call(self) -> Any:
        if not self._step.in_step_fn:
            return self.session.run(**self.arguments)
        return self.session.run_step_fn(
            lambda step_context: step_context.run_with_hooks(**self.arguments)
        )

    def _arguments(self, step: Step) -> dict[str, Any]:
        caller = step.request.caller
        options = step.options
        return {
            "fetches": caller.fetches(step.twist),
            "feed_dict": self._feed_dict(0, caller),
            "options": None if options is None else v1.RunOptions(**options),
            "run_metadata": _used_metadata() if step.has_metadata else None,
        }

    def _feed_dict(self, number: int, part: Part) -> Any:
        """Returns the feed_dict of the caller, 0, or of the n-th hook part."""
        feeds = {
            key.value: value
            for place, (key, value) in enumerate(
                zip(part.keys, self._values[number])
            )
            if self._step.left_out != (number, place)
        }
        if number == 0 and self._step.is_reversed:
            feeds = dict(reversed(feeds.items()))
        if not feeds and self._step.seed % 2:
            return None
        return feeds if number else self._step.feed_dict(feeds)

    def request_of(self, hook: int) -> Any:
        """Returns what a hook's before_run returns."""
        part = self._step.request.hooks.get(hook)
        if hook == self._step.broken_hook:
            return 5
        if part is None or part.form == "none":
            return None
        number = [*self._step.request.hooks].index(hook) + 1
        options = part.options
        fields = (
            part.fetches(self._step.twist),
            self._feed_dict(number, part),
            None if options is None else v1.RunOptions(**options),
        )
        make = step_fuzz_requests.REQUESTS.get(
            part.form, v1.train.SessionRunArgs
        )
        return make(*fields)

    def stop_if_asked(self, hook: int, callback: str, context: Any) -> None:
        if self._step.stop == (hook, callback):
            context.request_stop()

    def note(self, *seen: Any) -> None:
        self._log.append(seen)
