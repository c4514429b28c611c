"""Doing all of several things although one fails."""

import pytest

from monitored_tf import failures


def _contexts(error):
    """Texts of an error and of those in its context, first one first."""
    texts = []
    while error is not None:
        texts.append(str(error))
        assert len(texts) < 20, "a circle"
        error = error.__context__
    return texts


def _keep(failed, *texts):
    for text in texts:
        with failed.kept("it"):
            raise ValueError(text)


def test_without_errors_nothing_is_raised():
    done = []
    with failures.Failures() as failed:
        for n in range(2):
            with failed.kept("it"):
                done.append(n)
    assert done == [0, 1]


def test_the_first_error_is_raised_once_all_is_done():
    done = []
    with pytest.raises(ValueError, match="one"):
        with failures.Failures() as failed:
            _keep(failed, "one")
            done.append("more")
    assert done == ["more"]


def test_later_errors_stand_in_the_context_the_latest_first():
    with pytest.raises(ValueError, match="one") as raised:
        with failures.Failures() as failed:
            _keep(failed, "one", "two", "three")
    assert _contexts(raised.value) == ["one", "three", "two"]


def test_the_same_error_again_adds_nothing():
    error = ValueError("one")
    with pytest.raises(ValueError, match="one") as raised:
        with failures.Failures() as failed:
            for _ in range(3):
                with failed.kept("it"):
                    raise error
    assert _contexts(raised.value) == ["one"]


def test_an_error_of_the_block_itself_goes_first():
    with pytest.raises(KeyError, match="mine"):
        with failures.Failures() as failed:
            _keep(failed, "one")
            raise KeyError("mine")


def test_an_interrupt_is_kept_too():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with failures.Failures() as failed:
            with failed.kept("it"):
                raise KeyboardInterrupt
            done.append("more")
    assert done == ["more"]


def test_an_interrupt_is_raised_though_another_error_came_first():
    with pytest.raises(KeyboardInterrupt):
        with failures.Failures() as failed:
            _keep(failed, "one")
            with failed.kept("it"):
                raise KeyboardInterrupt


def test_an_error_behind_another_stands_in_its_context():
    error = ValueError("one")
    with failures.behind(error, "it"):
        raise KeyError("two")
    assert _contexts(error) == ["one", "'two'"]


def test_an_error_behind_itself_changes_nothing():
    error = ValueError("one")
    with failures.behind(error, "it"):
        raise error
    assert _contexts(error) == ["one"]


def test_an_error_raised_while_the_other_is_handled_makes_no_circle():
    def fail():
        raise KeyError("two")

    try:
        raise ValueError("one")
    except ValueError as caught:
        error = caught
        with failures.behind(error, "it"):
            fail()
    assert _contexts(error) == ["one", "'two'"]


def test_a_context_that_was_there_stays_behind_the_one_added():
    error = ValueError("one")
    for text in ("two", "three", "four"):
        failures.add_context(error, ValueError(text))
    assert _contexts(error) == ["one", "four", "three", "two"]


def test_the_context_of_the_one_added_comes_along():
    error, other = ValueError("one"), ValueError("two")
    failures.add_context(other, ValueError("three"))
    failures.add_context(error, other)
    assert _contexts(error) == ["one", "two", "three"]


def test_what_is_in_the_chain_already_is_not_added_again():
    error, other = ValueError("one"), ValueError("two")
    for _ in range(2):
        failures.add_context(error, other)
    assert _contexts(error) == ["one", "two"]


def test_two_chains_that_share_an_error_make_no_circle():
    shared = ValueError("shared")
    error, other = ValueError("one"), ValueError("two")
    failures.add_context(error, shared)
    failures.add_context(other, shared)
    failures.add_context(error, other)
    assert set(_contexts(error)) == {"one", "two", "shared"}


def test_a_circle_that_was_there_is_left_alone():
    error, other = ValueError("one"), ValueError("two")
    error.__context__, other.__context__ = other, error
    failures.add_context(error, ValueError("three"))


def test_the_twin_of_an_error_is_dropped():
    root = ValueError("root")
    twin = KeyError("lost")
    twin.__context__ = root
    error = KeyError("lost")
    error.__context__ = twin
    failures.drop_twin(error)
    assert error.__context__ is root
    failures.drop_twin(error)
    assert error.__context__ is root
    failures.drop_twin(root)
    assert root.__context__ is None
