from pathlib import Path

import pytest

from flows import cli, settings
from flows.settings import BadSetting, Settings, read_settings, spoken


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("RAW", "DATA", "LANG", "PROCESSES", "LIMITS__SECONDS", "RELEASES_KEPT"):
        monkeypatch.delenv(f"GONGSHUI_{name}", raising=False)
    return tmp_path


def test_without_anything_said_the_defaults_hold(folder: Path) -> None:
    settings = read_settings()
    assert (settings.raw, settings.data, settings.lang) == (folder / "raw", folder / "data", "zh")
    assert settings.processes >= 1
    assert settings.limits.sheets == 500


def test_everything_a_run_writes_lies_in_the_data_folder(folder: Path) -> None:
    settings = read_settings(data="数据 夹")
    assert settings.warehouse == folder / "数据 夹" / "warehouse.duckdb"
    assert settings.marts == folder / "数据 夹" / "published" / "marts.duckdb"
    assert settings.work == folder / "数据 夹" / "work"


def test_a_flag_beats_the_environment_which_beats_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gongshui.toml").write_text('raw = "filed"\ndata = "filed"\nprocesses = 7\n')
    monkeypatch.setenv("GONGSHUI_RAW", "environment")
    monkeypatch.setenv("GONGSHUI_DATA", "environment")
    settings = read_settings(raw="flag", data=None)
    assert (settings.raw.name, settings.data.name, settings.processes) == ("flag", "environment", 7)


def test_limits_are_set_one_by_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gongshui.toml").write_text("[limits]\nrows = 7\n")
    monkeypatch.setenv("GONGSHUI_LIMITS__SECONDS", "1.5")
    limits = read_settings().limits
    assert (limits.rows, limits.seconds, limits.sheets) == (7, 1.5, 500)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("processes = 0", "设置文件 gongshui.toml 中的 processes 应为不小于1的整数，现为“0”。"),
        ("releases_kept = 0", "设置文件 gongshui.toml 中的 releases_kept 应为不小于1的整数，现为“0”。"),
        ('data = ""', "设置文件 gongshui.toml 中的 data 应为文件夹路径，现为“”。"),
        ('datta = "x"', "设置文件 gongshui.toml 中的 datta 不是可用的设置项。"),
        ("limits = 3", "设置文件 gongshui.toml 中的 limits 应为一组大于0的数，现为“3”。"),
        ("[limits]\nrows = -1", "设置文件 gongshui.toml 中的 limits.rows 应为大于0的数，现为“-1”。"),
        ("[limits]\nrow = 1", "设置文件 gongshui.toml 中的 limits.row 不是可用的设置项。"),
    ],
)
def test_a_bad_value_in_the_file_gives_one_sentence(folder: Path, text: str, sentence: str) -> None:
    (folder / "gongshui.toml").write_text(text)
    with pytest.raises(BadSetting) as refused:
        read_settings()
    assert refused.value.sentence("zh") == sentence


def test_a_file_that_is_no_toml_is_named(folder: Path) -> None:
    (folder / "gongshui.toml").write_text("data = ")
    with pytest.raises(BadSetting, match=r"gongshui\.toml 无法读取"):
        read_settings()


def test_the_sentence_names_the_variable_or_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings(raw="")
    assert refused.value.sentence("en") == "--raw must be the path of a folder; it is “”."
    monkeypatch.setenv("GONGSHUI_LANG", "fr")
    with pytest.raises(BadSetting) as refused:
        read_settings()
    assert refused.value.sentence("en") == "The environment variable GONGSHUI_LANG must be zh or en; it is “fr”."


def test_the_language_is_known_before_the_settings_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spoken() == "zh"
    (folder / "gongshui.toml").write_text('lang = "en"\nprocesses = "bad"\n')
    assert spoken() == "en"
    monkeypatch.setenv("GONGSHUI_LANG", "zh")
    assert spoken() == "zh"
    assert spoken("en") == "en"


def test_every_setting_has_a_sentence_that_refuses_a_bad_value() -> None:
    assert Settings.model_fields.keys() == {name for name in settings._EXPECTED if "." not in name}


def test_an_environment_variable_that_is_no_setting_is_said_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GONGSHUI_DATTA", "/elsewhere")
    monkeypatch.setenv("GONGSHUI_LIMITS__SECONDS", "5")
    monkeypatch.setenv("GONGSHUI_FORMS", "forms")
    assert cli.main(["status", "--lang", "en"]) == 0
    assert capsys.readouterr().err == "The environment variable GONGSHUI_DATTA is not a setting: ignored.\n"
