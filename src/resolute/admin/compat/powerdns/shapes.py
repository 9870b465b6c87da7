"""What is sent and answered, as PowerDNS documents it. Members that nobody knows are not looked at."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from resolute.admin.api.fields import Answer


class Given(BaseModel):
    """A body, or a part of one."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Version(Answer):
    """A version of the API."""

    url: str = Field(examples=["/api/v1"])
    version: int


class Server(Answer):
    """This server."""

    type: str = "Server"
    id: str = "localhost"
    daemon_type: str = "authoritative"
    version: str = Field(description="Of PowerDNS, whose API it is.")
    url: str = "/api/v1/servers/localhost"
    config_url: str = "/api/v1/servers/localhost/config{/config_setting}"
    zones_url: str = "/api/v1/servers/localhost/zones{/zone}"


class NameAndValue(Answer):
    """A setting (`ConfigSetting`) or a counter (`StatisticItem`)."""

    name: str
    type: str
    value: str


class RecordShown(Answer):
    """A record."""

    content: str
    disabled: bool


class RRsetShown(Answer):
    """An RRset."""

    name: str
    type: str
    ttl: int
    records: list[RecordShown]
    comments: list[dict[str, Any]]


class ZoneListed(Answer):
    """A zone in the list. `dnssec` and `edited_serial` are left out with `dnssec=false`."""

    id: str = Field(examples=["example.org."])
    name: str = Field(examples=["example.org."])
    url: str
    kind: str = Field(examples=["Native"])
    account: str
    catalog: str
    masters: list[str]
    serial: int
    notified_serial: int
    last_check: int
    dnssec: bool = False
    edited_serial: int = 0


class ZoneShown(ZoneListed):
    """A zone. `rrsets` are left out with `rrsets=false`."""

    api_rectify: bool
    nsec3narrow: bool
    nsec3param: str
    soa_edit: str
    soa_edit_api: str
    master_tsig_key_ids: list[str]
    slave_tsig_key_ids: list[str]
    rrsets: list[RRsetShown] = Field(default=[])


class Result(Answer):
    """What has been done."""

    result: str


class Flushed(Result):
    """How much was forgotten."""

    count: int


class Hit(Answer):
    """A zone or a record that fits; `zone`, `type`, `ttl`, `content` and `disabled` are a record's."""

    object_type: str = Field(examples=["record"])
    name: str
    zone_id: str
    zone: str = ""
    type: str = ""
    ttl: int = 0
    content: str = ""
    disabled: bool = False


class MetadataShown(Answer):
    """One kind of metadata."""

    kind: str = Field(examples=["X-OWNER"])
    metadata: list[str]
    type: str = "Metadata"
