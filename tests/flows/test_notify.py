"""Who is told how a night ended, in what words, and that nothing of it fails a night or leaks."""

import datetime as dt
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from flows.causes import cause
from flows.ingest.night import Night
from flows.night_result import NightResult
from flows.notify import Notify, message, send, signature
from flows.publish.postgres import PostgresError
from flows.said import Said
from flows.settings import BadSetting, read_settings
from tests.flows.receivers import post_office, robot

pytestmark = pytest.mark.flows


@pytest.fixture(autouse=True)
def straight(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def result(**more: object) -> NightResult:
    """A night in which nothing has to be done, but for what is said."""
    night = Night(unread=more.pop("unread", []))  # type: ignore[arg-type]
    return NightResult(night, None, None, more.pop("rejected", 0), {}, 10, 10, False, **more)  # type: ignore[arg-type]


def test_a_robot_is_told_the_subject_and_the_text():
    with robot() as group:
        assert send(Notify(webhook=group.url), "【供水】夜间运行", "退回 3 行") == []
    assert group.texts == ["【供水】夜间运行\n退回 3 行"]
    assert group.paths == ["/cgi-bin/webhook/send?key=geheim-7731"]


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (b'{"errcode": 93000, "errmsg": "invalid webhook url"}', 200, "93000"),
        (b"<html>log in here</html>", 200, "Expecting value"),
        (b"[]", 200, "[]"),
        (b"{}", 200, "{}"),
        (b"{}", 503, "HTTP 503"),
    ],
)
def test_an_answer_that_is_no_yes_counts_as_not_sent_and_the_key_stays_hidden(answer: bytes, status: int, said: str):
    with robot(answer=answer, status=status) as group:
        (problem,) = send(Notify(webhook=group.url), "s", "t")
    assert said in problem.zh and said in problem.en
    assert "geheim" not in "".join(problem)


def test_a_key_that_the_server_repeats_stays_hidden():
    with robot() as group:
        for repeated in (group.url, "geheim-7731"):
            group.answer = b'{"errcode": 1, "errmsg": "bad url ' + repeated.encode() + b'"}'
            (problem,) = send(Notify(webhook=group.url), "s", "t")
            assert "bad url" in problem.zh and "geheim" not in "".join(problem)


def test_a_server_that_is_not_there_or_drips_is_left_to_its_own_in_time():
    with robot() as group:
        pass
    (gone,) = send(Notify(webhook=group.url), "s", "t")
    assert "refused" in gone.zh
    with robot(drip_seconds=0.2) as group:
        started = time.monotonic()
        (late,) = send(Notify(webhook=group.url), "s", "t", patience=0.5)
    assert time.monotonic() - started < 2
    assert "0.5 s" in late.zh


def test_a_long_text_is_cut_to_what_a_robot_takes_and_stays_text():
    with robot() as group:
        assert send(Notify(webhook=group.url), "s", "供水" * 1000) == []
    assert 1900 < len(group.texts[0].encode()) <= 2000


def test_a_message_is_signed_where_the_robot_has_a_secret():
    with robot() as group:
        assert send(Notify(webhook=group.url, webhook_secret="SECabc"), "s", "t") == []
    said = parse_qs(group.paths[0].partition("?")[2])
    # computed with the sample code of the robot's documentation
    assert signature("SECabc", 1577262236.757) == (
        "timestamp=1577262236757&sign=I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ%3D"
    )
    assert said["key"] == ["geheim-7731"] and said["timestamp"] and said["sign"]


def test_mail_reaches_everybody_in_chinese():
    with post_office() as office:
        to = Notify(
            smtp=f"smtp://127.0.0.1:{office.port}", mail_to="a@example.cn, b@example.cn", mail_from="g@example.cn"
        )
        assert send(to, "【供水】云塘县 夜间运行 失败", "原因：磁盘已满。") == []
    (mail,) = office.mails
    assert (mail["Subject"], mail["From"]) == ("【供水】云塘县 夜间运行 失败", "g@example.cn")
    assert [command for command in office.commands if command.startswith("rcpt")] == [
        "rcpt TO:<a@example.cn>",
        "rcpt TO:<b@example.cn>",
    ]
    assert mail.get_content().strip() == "原因：磁盘已满。"
    assert mail["Date"] and mail["Message-ID"].endswith("@example.cn>")


def test_a_password_is_not_sent_without_tls():
    with post_office() as office:
        to = Notify(smtp=f"smtp://g%40example.cn:pass-4711@127.0.0.1:{office.port}", mail_to="a@example.cn")
        (problem,) = send(to, "s", "t")
    assert "TLS" in problem.zh and "4711" not in "".join(problem)
    assert office.mails == [] and not any("AUTH" in command.upper() for command in office.commands)


def test_mail_that_is_refused_is_said_and_the_robot_is_told_all_the_same():
    with post_office(refuses=True) as office, robot() as group:
        to = Notify(
            webhook=group.url, smtp=f"smtp://127.0.0.1:{office.port}", mail_to="a@example.cn", mail_from="g@example.cn"
        )
        (problem,) = send(to, "s", "t")
    assert problem.zh.startswith("通知未能发出（邮件）") and "no such user" in problem.zh
    assert len(group.texts) == 1


def test_nobody_is_told_by_default_and_of_success_only_who_asks():
    assert not any(Notify().is_told_of(ending) for ending in ("failed", "needs_a_person", "done"))
    asked = Notify(webhook="https://example.cn/send?key=1")
    assert [asked.is_told_of(ending) for ending in ("failed", "needs_a_person", "done")] == [True, True, False]
    assert asked.model_copy(update={"success": True}).is_told_of("done")


def test_a_message_says_what_to_do_and_names_no_file():
    night = result(unread=[("2021-08-20/张三 13912345678.xlsx", Said("坏", "bad"))], rejected=12)
    night.postgres = PostgresError("口令错误", "wrong password")
    night.clock = Said("本机时钟为 2020-01-01", "This machine's clock shows 2020-01-01")
    subject, text = message("needs_a_person", "2021-08-21 夜间运行", "server /data", night, None)
    assert subject == "【供水】 2021-08-21 夜间运行 已完成，有事项需要处理"
    assert "1 个文件无法读取或不是报表" in text and "退回 12 行" in text and "gongshui publish postgres" in text
    assert "请校准时钟" in text
    assert "张三" not in text and "139" not in text and "口令" not in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/raw/张三.xlsx"), "磁盘已满"),
        (PermissionError(13, "Permission denied", "/raw/张三.xlsx"), "文件无法读写"),
        (TimeoutError("timed out"), "有一步超过了时限"),
        (OSError('Could not set lock on file "张三"'), "数据库正被另一个程序使用"),
        (BadSetting("张三", "张三"), "设置或输入有误"),
        (ZeroDivisionError("张三"), "程序出错或被中断"),
    ],
)
def test_a_failure_is_told_with_its_cause_and_a_remedy_and_without_its_details(error: Exception, said: str):
    subject, text = message("failed", "夜间运行", "server /data", None, cause(error))
    assert subject.endswith("失败")
    assert said in text and "处理：" in text and "上次发布的成果未受影响" in text
    assert "张三" not in text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("WEBHOOK", "ftp://geheim@example.cn"),
        ("SMTP", "smtp://u:geheim@example.cn"),
        ("SMTP", "smtps://u:geheim@example.cn:70000"),
        ("WEBHOOK_SECRET", "geheim"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
):
    monkeypatch.setenv(f"GONGSHUI_NOTIFY__{setting}", value)
    with pytest.raises(BadSetting) as refused:
        read_settings()
    assert "GONGSHUI_NOTIFY" in refused.value.zh and "geheim" not in str(refused.value)


def test_settings_that_were_spoilt_since_are_said_where_nobody_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    from flows import nightly

    monkeypatch.chdir(tmp_path)
    (tmp_path / "gongshui.toml").write_text("notfy = 1\n")
    nightly.tell(nightly.nightly, SimpleNamespace(parameters={"raw": "raw", "data": "data", "lang": "zh"}), None)
    assert "notfy 不是可用的设置项" in capsys.readouterr().err


def test_whatever_happens_while_telling_the_night_stands(monkeypatch: pytest.MonkeyPatch, capsys):
    from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

    from flows import nightly

    with robot(answer=b'{"errcode": 310000, "errmsg": "sign not match"}') as group:
        monkeypatch.setenv("GONGSHUI_NOTIFY__WEBHOOK", group.url)
        run = SimpleNamespace(
            parameters={"raw": "raw", "data": "data", "lang": "zh"}, name="夜", id="1", flow_id="1", deployment_id=None
        )
        state = SimpleNamespace(result=lambda raise_on_failure: result(rejected=1))
        with temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}):  # no server is up
            nightly.tell(nightly.nightly, run, state)
    assert len(group.texts) == 1
    assert "sign not match" in capsys.readouterr().err


def test_no_setting_but_folders_and_language_is_a_parameter_that_prefect_keeps():
    from flows import deploy
    from flows.settings import Settings

    settings = Settings(postgres="postgresql://u:geheim@host/db", notify={"webhook": "https://example.cn/?key=geheim"})
    deployment = deploy._deployment(settings)
    assert set(deployment.parameters) == {"raw", "data", "lang"}
    assert "geheim" not in deployment.model_dump_json()
    (schedule,) = deployment.schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("0 2 * * *", "Asia/Shanghai")


def test_the_next_night_is_told_in_the_time_zone_of_the_settings():
    from flows import deploy
    from flows.settings import Settings

    due = deploy.next_night(Settings(cron="30 2 * * *", time_zone="Asia/Urumqi"))
    assert (due.hour, due.minute, due.utcoffset()) == (2, 30, dt.timedelta(hours=6))
