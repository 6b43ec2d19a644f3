"""One settings object: flags before the environment (GONGSHUI_*) before gongshui.toml before the defaults."""

import datetime as dt
import os
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from flows.ingest.guard import Limits
from flows.notify import Notify
from flows.said import Lang, Said, SaidError

FILE = "gongshui.toml"
PREFIX = "GONGSHUI_"
# Variables that others read: schemas/__init__.py, and sql/profiles.yml.
_OTHER_VARIABLES = {"FORMS", "WAREHOUSE"}

# What each setting has to be, in the words of the sentence that refuses a bad one.
_EXPECTED = {
    "raw": ("应为文件夹路径", "must be the path of a folder"),
    "data": ("应为文件夹路径", "must be the path of a folder"),
    "lang": ("应为 zh 或 en", "must be zh or en"),
    "processes": ("应为不小于1的整数", "must be a whole number, at least 1"),
    "memory_gb": ("应为大于0的数", "must be a number above 0"),
    "engine": ("应为 duckdb 或 spark", "must be duckdb or spark"),
    "master": ("应为 Spark 主节点的地址", "must be the address of a Spark master"),
    "limits": ("应为一组大于0的数", "must be a table of numbers above 0"),
    "limits.*": ("应为大于0的数", "must be a number above 0"),
    "corrections": ("应为文件路径", "must be the path of a file"),
    "releases_kept": ("应为不小于1的整数", "must be a whole number, at least 1"),
    "rubric": ("应为文件路径", "must be the path of a file"),
    "town_boundaries": ("应为文件路径", "must be the path of a file"),
    "postgres": ("应为数据库地址", "must be the address of a database"),
    "published_url": ("应为网址", "must be an address"),
    "cron": ("应为五段的时间表，如 0 2 * * *", "must be a schedule of five fields, such as 0 2 * * *"),
    "time_zone": ("应为时区名称，如 Asia/Shanghai", "must be the name of a time zone, such as Asia/Shanghai"),
    "catch_up": ("应为 true 或 false", "must be true or false"),
    "port": ("应为1至65535的整数", "must be a whole number from 1 to 65535"),
    "step_hours": ("应为大于0的数", "must be a number above 0"),
    "notify": (
        "应为一组通知设置：smtp 与 mail_to 要同时有，webhook_secret 要与 webhook 同时有",
        "must be a table: smtp together with mail_to, webhook_secret together with webhook",
    ),
    "notify.webhook": ("应为机器人的网址（https://…）", "must be the address of a robot (https://…)"),
    "notify.smtp": ("应为邮件服务器（smtps://用户:口令@主机:端口）", "must be smtps://user:password@host:port"),
    "notify.success": ("应为 true 或 false", "must be true or false"),
    "notify.*": ("应为文字", "must be a text"),
    "logs_kept": ("应为不小于1的整数", "must be a whole number, at least 1"),
}


# What is wrong with these is said without saying what they are.
_SECRETS = ("postgres", "notify")


class BadSetting(SaidError):
    """A setting that cannot be used."""


def _folder(path: Path) -> Path:
    return path.expanduser().absolute()


def _path_text(value: object) -> object:
    if value == "":  # would be the working directory
        raise ValueError("empty")
    return value


def _limits(value: object) -> Limits:
    """Read a table of limits; of those not named the default holds."""
    if isinstance(value, Limits):
        return value
    if not isinstance(value, dict):
        raise ValueError("no table")
    defaults, numbers = asdict(Limits()), {}
    for name, text in value.items():
        try:
            numbers[name] = type(defaults[name])(text)
        except (KeyError, TypeError, ValueError):
            raise _bad_limit(name, text, name in defaults) from None
        if not numbers[name] > 0:
            raise _bad_limit(name, text, True)
    return Limits(**numbers)


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("no address")
    return text


def _cron(text: str) -> str:
    if len(text.split()) != 5:  # a sixth would be seconds
        raise ValueError("not five fields")
    try:
        CronSim(text, dt.datetime(2000, 1, 1))
    except CronSimError as error:
        raise ValueError("no schedule") from error
    return text


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError) as error:  # OSError: the name of a folder
        raise ValueError("no time zone") from error


def _bad_limit(name: str, text: object, is_known: bool) -> PydanticCustomError:
    return PydanticCustomError("limit", "{name}", {"name": name, "text": text, "is_known": is_known})


Folder = Annotated[Path, BeforeValidator(_path_text), AfterValidator(_folder)]


class Settings(BaseSettings):
    """All that can be set, read once at the start of a command.

    Attributes
    ----------
    raw, data
        The inbox, never written to, and the folder that holds everything a run writes; absolute.
    lang
        The language of messages.
    processes
        How many files are read at the same time.
    memory_gb
        The most memory that DuckDB takes while it builds the marts; what does not fit waits beside the warehouse.
    engine, master
        What a night runs on, and the address of the master where that is Spark (docs/scale.md).
    limits
        Bounds on one incoming file (a table [limits] in the file, GONGSHUI_LIMITS__SECONDS in the environment).
    corrections
        The table of corrections (docs/corrections.md); corrections.csv beside the inbox where none is named.
    releases_kept
        How many of the latest releases stay, the current one among them; the last of each month stays too.
    rubric
        The rubric of the assessment, of one county or several (docs/rubric.md); the shipped one where none is named.
    town_boundaries
        A GeoJSON of the county's towns for the wall map (docs/wall-map.md), which has no map without one.
    postgres
        A PostgreSQL database that every night is published to as well (docs/bi.md): postgresql://user@host/database.
    logs_kept
        How many logs of runs stay (docs/operations.md).
    published_url
        Where `published` is to be found on the web, for links in Prefect; paths are told where it is nowhere.
    cron, time_zone
        When `gongshui serve` runs.
    catch_up
        Whether it makes up for a night that was missed, once.
    port
        Of its own Prefect server, on this machine only.
    step_hours
        How long a step of a night may take.
    notify
        Whom to tell how a night ended (docs/operations.md), a table [notify].
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, toml_file=FILE, extra="forbid", frozen=True
    )

    raw: Folder = Path("raw")
    data: Folder = Path("data")
    lang: Lang = "zh"
    processes: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    memory_gb: float = Field(default=2.5, gt=0, allow_inf_nan=False)
    engine: Literal["duckdb", "spark"] = "duckdb"
    master: str = "local[*]"
    limits: Annotated[Limits, BeforeValidator(_limits)] = Limits()
    corrections: Folder | None = None
    releases_kept: int = Field(default=7, ge=1)
    rubric: Folder | None = None
    town_boundaries: Folder | None = None
    postgres: SecretStr | None = None
    logs_kept: int = Field(default=400, ge=1)
    published_url: Annotated[str, AfterValidator(_web_address)] | None = None
    cron: Annotated[str, AfterValidator(_cron)] = "0 2 * * *"
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "Asia/Shanghai"
    catch_up: bool = True
    port: int = Field(default=4200, ge=1, le=65535)
    step_hours: float = Field(default=12, gt=0, allow_inf_nan=False)
    notify: Notify = Notify()

    @property
    def corrections_file(self) -> Path:
        """The table of corrections, which need not be there."""
        return self.corrections or self.raw.parent / "corrections.csv"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file of landing and of all that is derived from it."""
        return self.data / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The folder of the current release, which others read."""
        return self.data / "published"

    @property
    def marts(self) -> Path:
        """The published database."""
        return self.published / "marts.duckdb"

    @property
    def returned(self) -> Path:
        """The folder of annotated copies, for the towns."""
        return self.published / "returned"

    @property
    def documents(self) -> Path:
        """The folder of documents, one beneath it for each report date."""
        return self.published / "documents"

    @property
    def rebuilt(self) -> Path:
        """The folder of documents as they would have been on an earlier day."""
        return self.data / "rebuilt"

    @property
    def logs(self) -> Path:
        """The folder of the runs' logs."""
        return self.data / "logs"

    @property
    def work(self) -> Path:
        """A folder that can be deleted at any time."""
        return self.data / "work"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, the strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """Return the settings of this run.

    Parameters
    ----------
    **flags
        Values from the command line by field name; None where a flag was not given.

    Raises
    ------
    BadSetting
        The file cannot be read, or a value is not what it has to be; the first one is named, with where it came from.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _refusal(error, given) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadSetting(f"设置文件 {FILE} 无法读取：{error}。", f"The file {FILE} cannot be read: {error}.") from error
    except SettingsError as error:  # JSON in an environment variable
        raise BadSetting(f"环境变量中的设置无法读取：{error}。", f"The environment cannot be read: {error}.") from error


def strange_variables() -> list[Said]:
    """Return what to say of environment variables that look like settings and are none: most are slips of the pen."""
    known = {name.upper() for name in Settings.model_fields} | _OTHER_VARIABLES
    names = sorted(name for name in os.environ if name.upper().startswith(PREFIX))
    return [
        Said(
            f"环境变量 {name} 不是可用的设置项，未予理会。",
            f"The environment variable {name} is not a setting: ignored.",
        )
        for name in names
        if name.upper().removeprefix(PREFIX).split("__")[0] not in known
    ]


def spoken(flag: str | None = None) -> Lang:
    """Return the language to speak while the settings are not (or cannot be) read yet."""
    try:
        filed = tomllib.loads(Path(FILE).read_text("utf-8")).get("lang")
    except (OSError, ValueError):
        filed = None  # `read_settings` says what is wrong with the file
    for lang in (flag, os.environ.get(f"{PREFIX}LANG"), filed):
        if lang in ("zh", "en"):
            return "zh" if lang == "zh" else "en"
    return "zh"


def _refusal(error: ValidationError, flags: dict[str, Any]) -> BadSetting:
    """Say which setting is wrong, where it stands and what it should be."""
    first = error.errors()[0]
    path, value, is_known = [str(part) for part in first["loc"]], first["input"], first["loc"][0] in _EXPECTED
    if first["type"] == "limit":
        limit = first["ctx"]
        path, value, is_known = ["limits", limit["name"]], limit["text"], limit["is_known"]
    variable = PREFIX + "__".join(path).upper()
    if path[0] in flags:
        chinese = english = f"--{path[0].replace('_', '-')}"
    elif any(key.upper() == variable or key.upper().startswith(f"{variable}__") for key in os.environ):
        chinese, english = f"环境变量 {variable}", f"The environment variable {variable}"
    else:
        chinese, english = f"设置文件 {FILE} 中的 {'.'.join(path)}", f"{'.'.join(path)} in the file {FILE}"
    if not is_known or first["type"] == "extra_forbidden":
        return BadSetting(f"{chinese} 不是可用的设置项。", f"{english} is not a setting.")
    expected = _EXPECTED.get(".".join(path)) or _EXPECTED[f"{path[0]}.*"]
    if path[0] in _SECRETS:
        return BadSetting(f"{chinese} {expected[0]}。", f"{english} {expected[1]}.")
    return BadSetting(f"{chinese} {expected[0]}，现为“{value}”。", f"{english} {expected[1]}; it is “{value}”.")
