"""The settings of what this server answers itself: zone files and hosts files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from resolute.units import Seconds, ZoneName, parse_seconds


class ZoneSource(BaseModel):
    """A zone and the zone file that it is read from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ZoneName = Field(description="The zone's name, such as example.org.")
    file: Path = Field(description="Its zone file (RFC 1035 5).")
    writable: bool = Field(
        default=True, description="Whether edits of the zone are written back into the file; else they are refused."
    )


class Zones(BaseModel):
    """Folders of zone files: every NAME.zone in them is the zone NAME, as long as the file is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: Annotated[Sequence[Path], AfterValidator(tuple)] = Field(
        default=(), description="Folders whose files NAME.zone are zone files."
    )


class Hosts(BaseModel):
    """Names that are answered before everything else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Annotated[Sequence[Path], AfterValidator(tuple)] = Field(
        default=(), description="Hosts files (address, then names), the first has precedence."
    )
    records: Path | None = Field(
        default=None, description="A YAML map of names and addresses that seeds the local records."
    )
    ttl: Seconds = Field(default=parse_seconds(60), description="TTL of answers from hosts files and local records.")
