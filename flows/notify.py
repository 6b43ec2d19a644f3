"""Tells people how a night ended: the robot of a chat group (企业微信, 钉钉) and e-mail, where the settings name them.

A message says what happened in counts and published figures, what to do, and where to look. It passes through servers
of others: it holds no name of a file, no content of a cell and no text of an error. That it cannot be sent is said, and
fails nothing.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from http.client import HTTPException
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.error import HTTPError
from urllib.parse import parse_qsl, quote_plus, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, model_validator

from flows.said import Said

if TYPE_CHECKING:
    from flows.causes import Cause
    from flows.night_result import NightResult

Ending = Literal["failed", "needs_a_person", "done"]

# A group's robot takes 2,048 bytes.
_LONGEST = 2000
# What is shorter in an address is no key, and may be anything in what a server says.
_SHORTEST_KEY = 5
_ENDINGS: dict[Ending, str] = {"failed": "失败", "needs_a_person": "已完成，有事项需要处理", "done": "已完成"}


def _address_of(*schemes: str) -> AfterValidator:
    def checked(secret: SecretStr) -> SecretStr:
        parts = urlsplit(secret.get_secret_value())
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError("no address")
        _ = parts.port  # refuses one that is no number
        return secret

    return AfterValidator(checked)


class Notify(BaseModel):
    """Whom to tell; nobody by default. The addresses hold keys and passwords, and are shown nowhere.

    Attributes
    ----------
    webhook
        The address of a group's robot that takes {"msgtype": "text"} and answers {"errcode": 0}: 企业微信, 钉钉.
    webhook_secret
        What 钉钉's robot signs with (加签).
    smtp
        The server of outgoing mail: smtps://user:password@host:port, or smtp:// where it speaks STARTTLS or takes mail
        without a password; what is special in user and password is written as in addresses (@ as %40).
    mail_to, mail_from
        Addresses, several separated by commas; from the user of the server where no other is named.
    success
        Also tell of nights in which nothing has to be done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook: Annotated[SecretStr, _address_of("https", "http")] | None = None
    webhook_secret: SecretStr | None = None
    smtp: Annotated[SecretStr, _address_of("smtps", "smtp")] | None = None
    mail_to: str = ""
    mail_from: str = ""
    success: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> "Notify":
        if bool(self.smtp) != bool(self.mail_to) or (self.webhook_secret and not self.webhook):
            raise ValueError("half an address")
        if self.smtp and not self.sender:
            raise ValueError("no sender")
        return self

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        user = urlsplit(self.smtp.get_secret_value()).username if self.smtp else None
        return self.mail_from or unquote(user or "")

    def is_told_of(self, ending: Ending) -> bool:
        """Whether somebody wants to know of such an end."""
        return bool(self.webhook or self.smtp) and (ending != "done" or self.success)


class Unsent(Exception):
    """The server took the message not; why, without its address."""


def message(
    ending: Ending, name: str, place: str, result: "NightResult | None", cause: "Cause | None"
) -> tuple[str, str]:
    """Put the end of a night into words.

    Parameters
    ----------
    ending
        How it ended.
    name
        What the run is called.
    place
        The machine and folder where details are to be found.
    result
        What it did; None where it failed.
    cause
        Why it failed; None where that is not known.

    Returns
    -------
    tuple of str
        The subject and the text, in Chinese; 供水 is among the words, as 钉钉's robots may ask for a keyword.
    """
    from flows.terminal import headline_lines

    county = result.headline.county if result and result.headline else ""
    lines = [*(headline_lines(result.headline) if result else ()), *(_to_do(result) if result else _mend(cause))]
    text = "\n".join([*lines, f"详情：在 {place} 运行 gongshui status，或查看其中的 logs。"])
    return " ".join(f"【供水】{county} {name} {_ENDINGS[ending]}".split()), text


def _to_do(result: "NightResult") -> Iterator[str]:
    night = result.night
    for count, said in (
        (len(night.unread), "{} 个文件无法读取或不是报表：请报送单位重新报送，或移出收件箱。"),
        (result.rows_rejected, "退回 {} 行：请把批注副本（returned 文件夹）发回报送单位更正。"),
        (len(night.failed_corrections), "{} 条更正未能使用：请核对 corrections.csv。"),
        (len(result.returned.failed), "{} 份批注副本未能生成：请按运行提示排除。"),
        (len(result.wall_map.notes), "作战图有 {} 处提示：请按运行提示排除。"),
        (len(result.documents.failed), "{} 期汇报文件未能生成：排除后运行 gongshui report。"),
        (len(result.counties.failed), "{} 处各县成果未能生成：请按运行提示排除。"),
        (int(result.postgres is not None), "没有发布到 PostgreSQL：排除后运行 gongshui publish postgres。"),
        (int(result.clock is not None), "本机时钟早于已有记录：请校准时钟（见 docs/operations.md）。"),
    ):
        if count:
            yield "· " + said.format(f"{count:,}")


def _mend(cause: "Cause | None") -> Iterator[str]:
    yield f"原因：{cause.what.zh}。" if cause else "原因：程序出错或被中断。"
    yield f"处理：{cause.to_do.zh}" if cause else "处理：运行 gongshui run 再试一次；仍不行时，把日志转给维护人员。"
    yield "上次发布的成果未受影响。"


def send(to: Notify, subject: str, text: str, *, patience: float = 20.0) -> list[Said]:
    """Send a message wherever the settings say, and return what could not be sent, and why.

    Parameters
    ----------
    to
        Whom to tell.
    subject, text
        The message.
    patience
        Seconds that each server has in all, however slowly it answers.
    """
    ways: list[tuple[Said, SecretStr, Callable[[], None]]] = []
    if to.webhook:
        ways.append((Said("机器人", "the webhook"), to.webhook, lambda: _post(to, f"{subject}\n{text}", patience)))
    if to.smtp:
        ways.append((Said("邮件", "the mail"), to.smtp, lambda: _mail(to, subject, text, patience)))
    failures = [(name, _in_time(step, patience), secret.get_secret_value()) for name, secret, step in ways]
    return [
        Said(f"通知未能发出（{name.zh}）：{_bare(why, secret)}", f"{name.en} was not sent: {_bare(why, secret)}")
        for name, why, secret in failures
        if why
    ]


def _in_time(step: Callable[[], None], patience: float) -> str:
    """Why a step failed; "" where it did not. A server that dawdles is left to its own."""
    failed = [f"{patience:g} s"]

    def run() -> None:
        try:
            step()
            failed[0] = ""
        except HTTPError as error:
            failed[0] = f"HTTP {error.code}"
        except (OSError, ValueError, HTTPException, Unsent) as error:
            failed[0] = str(error) or type(error).__name__

    thread = Thread(target=run, daemon=True)  # nobody waits for it when the program ends
    thread.start()
    thread.join(patience)
    return failed[0]


def _bare(why: str, secret: str) -> str:
    """What a server or a library says, with nothing of the address that holds a key."""
    parts = urlsplit(secret)
    keys = [value for _, value in parse_qsl(parts.query) if len(value) > _SHORTEST_KEY]
    for hidden in (secret, parts.query, *keys, unquote(parts.password or ""), parts.password):
        why = why.replace(hidden, "***") if hidden else why
    return why[:300]


def _post(to: Notify, text: str, patience: float) -> None:
    assert to.webhook
    url = to.webhook.get_secret_value()
    if to.webhook_secret:
        url += ("&" if urlsplit(url).query else "?") + signature(to.webhook_secret.get_secret_value(), time.time())
    short = text.encode()[:_LONGEST].decode(errors="ignore")
    body = json.dumps({"msgtype": "text", "text": {"content": short}}).encode()
    request = Request(url, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=patience) as answer:
        said = json.loads(answer.read(10_000))
    if not isinstance(said, dict) or said.get("errcode") != 0:
        raise Unsent(str(said))


def signature(secret: str, at: float) -> str:
    """Return the part of an address that signs a message.

    Parameters
    ----------
    secret
        The robot's.
    at
        Seconds since 1970; a signature holds for an hour.

    References
    ----------
    钉钉开放平台，自定义机器人安全设置，加签.
    """
    stamp = f"{at * 1000:.0f}"
    signed = hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return urlencode({"timestamp": stamp, "sign": base64.b64encode(signed).decode()}, quote_via=quote_plus)


def _mail(to: Notify, subject: str, text: str, patience: float) -> None:
    assert to.smtp
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, to.sender, to.mail_to
    mail["Date"] = format_datetime(dt.datetime.now().astimezone())  # servers take mail without it for junk
    mail["Message-ID"] = make_msgid(domain=to.sender.rpartition("@")[2])
    mail.set_content(text)
    server, context = urlsplit(to.smtp.get_secret_value()), ssl.create_default_context()
    host, is_safe = server.hostname or "", server.scheme == "smtps"
    with (
        smtplib.SMTP_SSL(host, server.port or 465, timeout=patience, context=context)
        if is_safe
        else smtplib.SMTP(host, server.port or 25, timeout=patience)
    ) as connection:
        connection.ehlo()
        if not is_safe and connection.has_extn("starttls"):
            connection.starttls(context=context)
            is_safe = True
        if server.username and server.password:
            if not is_safe:
                raise Unsent("no TLS: the password was not sent")
            connection.login(unquote(server.username), unquote(server.password))
        connection.send_message(mail)
