"""Signals that wait until what is under way has come to its end."""

import signal

from xdpctl.tools import signals


def test_one_that_comes_between_two_inner_ones_is_noted_outside() -> None:
    with signals.noted() as outer:
        for _ in range(2):
            with signals.noted() as inner:
                assert not inner()
            assert not outer()
        signal.raise_signal(signal.SIGTERM)
        assert outer() == signal.SIGTERM
        assert signals.came()
        with signals.noted() as inner:
            assert not inner()
    assert not signals.came()
