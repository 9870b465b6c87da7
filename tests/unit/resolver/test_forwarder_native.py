"""The decisions speak of the data plane's reasons by number."""

from resolute import plane
from resolute.resolver.forwarder import Reason


def test_the_numbers_are_the_data_planes() -> None:
    for reason in Reason:
        assert getattr(plane, f"REASON_{reason.name}") == reason
