# SPDX-License-Identifier: Apache-2.0
"""Messages of the SMP group of applications, for smpclient. docs/apps.md specifies them."""

from __future__ import annotations

from enum import IntEnum, unique

from smp import error, message

GROUP = 74
"""The default of CONFIG_ZONDA_APPS_SMP_GROUP."""


@unique
class Result(IntEnum):
    """zonda_app_result_t of include/zonda_apps.h."""

    OK = 0
    ERROR = 1
    UNKNOWN = 2
    STATE = 3
    FULL = 4
    PACKAGE = 5
    NAME = 6
    ROLLBACK = 7
    OLDER = 8
    TRIAL = 9
    NO_TRIAL = 10
    DAMAGED = 11
    THREAD = 12
    NO_SPACE = 13
    STORAGE = 14
    OUT_OF_MEMORY = 15
    TRANSFER = 16
    NOT_STARTED = 17
    TIMEOUT = 18
    INVALID = 19
    HASH = 20


class ErrorV1(error.ErrorV1):
    _GROUP_ID = GROUP


class ErrorV2(error.ErrorV2[Result]):
    _GROUP_ID = GROUP

    rsn: str | None = None
    """Why, in words."""


class _Command:
    _GROUP_ID = GROUP
    _ErrorV1 = ErrorV1
    _ErrorV2 = ErrorV2


class ListResponse(message.ReadResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 0

    apps: list[dict]
    """name, ver (the version, three numbers), state, trial."""
    next: int | None = None
    """Where the next request begins, if there may be more."""


class List(_Command, message.ReadRequest):
    _COMMAND_ID = 0
    _Response = ListResponse

    from_: int | None = None

    def model_dump(self, **options):  # type: ignore[no-untyped-def]
        """`from` is a word of Python."""
        fields = super().model_dump(**options)
        if "from_" in fields:
            fields["from"] = fields.pop("from_")
        return fields


class InfoResponse(message.ReadResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 1

    name: str
    ver: list[int]
    state: str
    trial: bool
    security: int
    queued: int
    registered: int
    requests: int
    events: int
    lost: int
    most_fuel: int
    restarts: int
    restart_in: int | None = None
    stack_used: int | None = None
    failure: str | None = None


class Info(_Command, message.ReadRequest):
    _COMMAND_ID = 1
    _Response = InfoResponse

    name: str


class UploadResponse(message.WriteResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 2

    off: int
    """Where the transfer continues."""


class Upload(_Command, message.WriteRequest):
    """A chunk of a package. The first one has `len`, `name` and `sha`."""

    _COMMAND_ID = 2
    _Response = UploadResponse

    off: int
    data: bytes
    len: int | None = None
    name: str | None = None
    sha: bytes | None = None
    older: bool | None = None


class DoneResponse(message.WriteResponse):
    _GROUP_ID = GROUP


def _by_name(title: str, number: int) -> type:
    """A command with the name of an application, and an empty response."""
    response = type(f"{title}Response", (DoneResponse,), {"_COMMAND_ID": number})
    fields = {
        "_COMMAND_ID": number,
        "_Response": response,
        "__annotations__": {"name": str},
        "__module__": __name__,
    }
    return type(title, (_Command, message.WriteRequest), fields)


Start = _by_name("Start", 3)
Stop = _by_name("Stop", 4)
Restart = _by_name("Restart", 5)
Uninstall = _by_name("Uninstall", 6)
Confirm = _by_name("Confirm", 7)
Revert = _by_name("Revert", 8)


class RequestResponse(message.WriteResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 9

    code: int
    format: int
    data: bytes


class Request(_Command, message.WriteRequest):
    """Asks an application."""

    _COMMAND_ID = 9
    _Response = RequestResponse

    url: str
    method: int | None = None
    format: int | None = None
    data: bytes | None = None
    timeout: int | None = None


class EventResponse(DoneResponse):
    _COMMAND_ID = 10


class Event(_Command, message.WriteRequest):
    """Publishes an event."""

    _COMMAND_ID = 10
    _Response = EventResponse

    url: str
    format: int | None = None
    data: bytes | None = None


class LogResponse(message.ReadResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 11

    next: int
    data: bytes


class Log(List):
    _COMMAND_ID = 11
    _Response = LogResponse


class StatisticsResponse(message.ReadResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 12

    flash: int
    flash_free: int
    flash_largest: int
    erases: int
    dir_erases: int
    places: int
    heap: int | None = None
    heap_free: int | None = None
    heap_peak: int | None = None


class Statistics(_Command, message.ReadRequest):
    _COMMAND_ID = 12
    _Response = StatisticsResponse


class LimitsResponse(message.ReadResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 13

    memory: int
    stack: int
    heap: int
    queue: int
    fuel: int
    event_ms: int
    thread_stack: int
    priority: int


class Limits(_Command, message.ReadRequest):
    _COMMAND_ID = 13
    _Response = LimitsResponse

    name: str


class RecordResponse(message.ReadResponse):
    _GROUP_ID = GROUP
    _COMMAND_ID = 14

    len: int
    """Of the whole record; 0 without a trap."""
    data: bytes


class Record(List):
    """A part of the record of an application's last trap."""

    _COMMAND_ID = 14
    _Response = RecordResponse

    name: str
