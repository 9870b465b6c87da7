"""Where one connection goes to."""

from dataclasses import dataclass

from resolute.resolver.destination import Destination


@dataclass(frozen=True, slots=True)
class Place:
    """An upstream, and the address of it that is tried. `authorities`: who may have signed its certificate."""

    destination: Destination
    address: str
    authorities: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.destination.port

    @property
    def name(self) -> str:
        """What its certificate must be for."""
        return self.destination.name
