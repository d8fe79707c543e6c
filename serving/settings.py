"""The server's environment variables, read once and checked; an error names its variable."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeVar

from modelhost.solution.member_urls import MemberUrl, parse_urls
from packager.errors import UsageError
from packager.model.paths import Root
from serving import environment as variables
from serving.environment import between, within
from serving.feedback.settings import FeedbackSettings
from serving.http.auth import VARIABLE
from serving.http.limits import MAX_VALUES, MIN_ANSWER_BYTES, Budget
from serving.http.logs import AccessLog
from serving.http.settings import HttpSettings
from serving.platforms import DEFAULT_PORT, HEALTH_ROUTE, PREDICT_ROUTE, port_variable
from serving.processes.remote_members import VARIABLE as MEMBER_URLS
from serving.push.settings import PushSettings
from serving.shadow.settings import ShadowSettings

GRPC_PORT = "MODEL_GRPC_PORT"
MAX_WORKERS = 256
MIN_PROCESS_MEMORY = 64 << 20
ROUTE = re.compile(r"/[A-Za-z0-9._~:/@%-]*")
FREE_ROUTE = "a path that begins with / and is no other route of this server"
TRY_PAGE = "MODEL_TRY_PAGE"
OWN_ROUTES = ("/docs", "/docs.json", "/feedback", "/metrics", "/package", "/schema", "/try")
HEALTH_ROUTES = ("/healthz", "/livez", "/ping", "/readyz")
PREDICT_ROUTES = ("/invocations", "/predict")

TryPageSetting = Literal["off", "on", "uncounted"]
T = TypeVar("T")
C = TypeVar("C", bound=str)


@dataclass(frozen=True)
class Settings:
    """Addresses, limits and options of this server."""

    root: Root
    """``MODEL_ROOT``: the folder of code, models and package."""
    host: str
    """``MODEL_HOST``: the address to listen on."""
    port: int
    """``MODEL_PORT``, or the variable of a hosting platform (:mod:`serving.platforms`)."""
    grpc_port: int | Literal["off"] | None
    """``MODEL_GRPC_PORT``: the port of gRPC, for packages that have it; None if it isn't set."""
    workers: int | None
    """``MODEL_WORKERS``: number of processes; None for the package's own number."""
    max_body_bytes: int
    """``MODEL_MAX_BODY_BYTES``: a larger request is refused (413)."""
    max_values: int
    """``MODEL_MAX_VALUES``: a request with more values, or whose answer has more, gets a 413."""
    max_queue: int
    """``MODEL_MAX_QUEUE``: requests per worker that may wait for the model; others get 503."""
    max_batch_rows: int
    """``MODEL_MAX_BATCH_ROWS``: rows predicted in one batch; 1 disables batching."""
    deadline_seconds: float
    """``MODEL_DEADLINE_SECONDS``: a request that takes longer is answered 504."""
    hang_seconds: float
    """``MODEL_HANG_SECONDS``: a worker whose event loop is blocked this long is replaced."""
    keys_file: Path | None
    """``MODEL_API_KEYS_FILE``: keys of clients; None if no key is required."""
    metrics_auth: bool
    """``MODEL_METRICS_AUTH``: whether ``/metrics`` requires a key; by default if there are keys."""
    access_log: AccessLog
    """``MODEL_ACCESS_LOG``: which requests are logged."""
    compiled_check_ratio: float
    """``MODEL_COMPILED_CHECK_RATIO``: fraction of compiled rows that the model predicts again."""
    native: Literal["eager", "lazy"]
    """``MODEL_NATIVE``: start the model's process with the server, or when a row needs it."""
    process_memory: int | None
    """``MODEL_PROCESS_MEMORY``: bytes that a model process may use; None without a limit."""
    member_urls: Mapping[str, MemberUrl]
    """``MODEL_MEMBER_URLS``: the servers of a solution's members that run elsewhere."""
    http: HttpSettings
    """URL prefix, origins of other pages, detail of errors."""
    try_page: TryPageSetting
    """``MODEL_TRY_PAGE``: whether ``/try`` answers; ``uncounted``: without counting its rows."""
    feedback: FeedbackSettings
    """Settings of late labels and of the flagged-rows log."""
    shadow: ShadowSettings | None
    """``MODEL_SHADOW`` and its bounds; None without a shadow."""
    push: PushSettings | None
    """``MODEL_METRICS_PUSH`` and how often; None if nothing is pushed."""
    health_route: str
    """``AIP_HEALTH_ROUTE``: one more path for ``/ping``; empty for none."""
    predict_route: str
    """``AIP_PREDICT_ROUTE``: one more path for ``/invocations``; empty for none."""

    @property
    def budget(self) -> Budget:
        """The bounds of one request, except ``max_body_bytes``."""
        return Budget(self.max_values, max(MIN_ANSWER_BYTES, self.max_body_bytes))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables; raise ``UsageError`` naming an invalid one."""

        def read(name: str, default: str, parse: Callable[[str], T], expected: str) -> T:
            return variables.read(environment, name, default, parse, expected)

        workers, keys = environment.get("MODEL_WORKERS"), environment.get(VARIABLE)
        predict_route = read(PREDICT_ROUTE, "", _route(*HEALTH_ROUTES), FREE_ROUTE)
        return cls(
            root=Root.from_environment(),
            host=read("MODEL_HOST", "0.0.0.0", _address, "an IP address"),
            port=_port(environment),
            grpc_port=read(GRPC_PORT, "", _grpc_port, "a port from 1 to 65535, or off"),
            workers=read("MODEL_WORKERS", "", between(1, MAX_WORKERS), f"1 to {MAX_WORKERS}")
            if workers
            else None,
            max_body_bytes=read(
                "MODEL_MAX_BODY_BYTES", str(16 << 20), between(1, 1 << 40), "a number of bytes"
            ),
            max_values=read(
                "MODEL_MAX_VALUES", str(MAX_VALUES), between(1, 1 << 40), "a number of values"
            ),
            max_queue=read("MODEL_MAX_QUEUE", "64", between(1, 1 << 20), "a number of requests"),
            max_batch_rows=read(
                "MODEL_MAX_BATCH_ROWS", "1000", between(1, 1 << 20), "a number of rows"
            ),
            deadline_seconds=read(
                "MODEL_DEADLINE_SECONDS", "30", within(0, 86_400), "positive seconds"
            ),
            hang_seconds=read("MODEL_HANG_SECONDS", "60", _at_least_one, "seconds, at least 1"),
            keys_file=Path(keys) if keys else None,
            metrics_auth=_metrics_auth(environment, keys),
            access_log=read(
                "MODEL_ACCESS_LOG", "errors", _one_of("off", "errors", "all"), "off, errors or all"
            ),
            compiled_check_ratio=read(
                "MODEL_COMPILED_CHECK_RATIO", "0", _ratio, "a number from 0 to 1"
            ),
            native=read("MODEL_NATIVE", "eager", _one_of("eager", "lazy"), "eager or lazy"),
            process_memory=read("MODEL_PROCESS_MEMORY", "off", _size, "a size such as 800M or 2G"),
            member_urls=read(MEMBER_URLS, "", parse_urls, "NAME=URL,NAME=URL"),
            http=HttpSettings.from_environment(environment),
            try_page=_try_page(environment),
            feedback=FeedbackSettings.from_environment(environment),
            shadow=ShadowSettings.from_environment(environment),
            push=PushSettings.from_environment(environment),
            health_route=read(HEALTH_ROUTE, "", _route(*PREDICT_ROUTES, predict_route), FREE_ROUTE),
            predict_route=predict_route,
        )


def _metrics_auth(environment: Mapping[str, str], keys: str | None) -> bool:
    default = "on" if keys else "off"
    setting = variables.read(
        environment, "MODEL_METRICS_AUTH", default, variables.switch, "on or off"
    )
    if setting and not keys:
        raise UsageError(
            f"MODEL_METRICS_AUTH=on: expected {VARIABLE} to be set too, got none",
            f"set {VARIABLE} to a file of keys, or MODEL_METRICS_AUTH to off",
        )
    return setting


def _try_page(environment: Mapping[str, str]) -> TryPageSetting:
    parse: Callable[[str], TryPageSetting] = _one_of("off", "on", "uncounted")
    return variables.read(environment, TRY_PAGE, "off", parse, "off, on or uncounted")


def _port(environment: Mapping[str, str]) -> int:
    name = port_variable(environment)
    parse = between(1, 65_535)
    try:
        return variables.read(environment, name, str(DEFAULT_PORT), parse, "a port from 1 to 65535")
    except UsageError as error:
        hint = "set it to a port, or unset it"
        if environment[name].startswith("tcp://"):
            hint = (
                "Kubernetes sets it for a Service called `model`: set enableServiceLinks: false "
                "in the pod, or give the Service another name"
            )
        raise UsageError(error.message, hint) from error


def _grpc_port(text: str) -> int | Literal["off"] | None:
    if text in ("", "off"):
        return "off" if text else None
    return between(1, 65_535)(text)


def _route(*taken: str) -> Callable[[str], str]:
    """A parser of paths, which rejects ``OWN_ROUTES`` and ``taken``; empty text means none."""

    def parse(text: str) -> str:
        own = text in (*OWN_ROUTES, *taken) or text.startswith("/v2")
        if text and (own or not ROUTE.fullmatch(text)):
            raise ValueError(text)
        return text

    return parse


def _one_of(*choices: C) -> Callable[[str], C]:
    def parse(text: str) -> C:
        for choice in choices:
            if text == choice:
                return choice
        raise ValueError(text)

    return parse


def _at_least_one(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 86_400:
        raise ValueError(number)
    return number


def _size(text: str) -> int | None:
    """Bytes; None for ``off``. ``512M`` and ``512m`` are 512 MiB, as in ``docker run --memory``."""
    if text == "off":
        return None
    match = re.fullmatch(r"(\d{1,15})([kmgKMG]?)", text)
    if match is None:
        raise ValueError(text)
    size = int(match[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[match[2].lower()]
    if size < MIN_PROCESS_MEMORY:
        raise ValueError(text)
    return size


def _ratio(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError(number)
    return number


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))
