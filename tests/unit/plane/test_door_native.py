"""The native module behind the door."""

from resolute import plane


def test_every_name_is_there() -> None:
    assert all(getattr(plane, name) is not None for name in plane.__all__)
