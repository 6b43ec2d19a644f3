import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows import cli
from flows.publish.answers import width
from flows.publish.query import NoRelease, QueryError, query


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("云塘县 '数据'") / "published" / "marts.duckdb"
    file.parent.mkdir()
    made = file.with_name("made.duckdb")  # under its later name the words `marts.town` would be ambiguous
    with duckdb.connect(made) as con:
        con.execute("""
            create schema marts; create schema marts_zh;
            create table main.town (town_name varchar, villages bigint, share decimal(18, 2), seen_on date);
            insert into main.town values ('石桥镇', 7, 0.50, date '2021-08-20'), ('B', 120, 1234567890123456.78, null);
            create schema meta; create table meta.table_rows as select 'town' as table_name, 2::bigint as "rows";
            comment on table main.town is '镇 | 每行一个镇 | one town';
            comment on column main.town.villages is '自然村 | 镇内的自然村数 | villages in it';
            create view marts.town as select * from main.town;
            create view marts_zh.town as select town_name as 镇 from main.town;
        """)
    return made.rename(file)


def answer(marts: Path, sql: str, form: str = "table") -> str:
    return "".join(query(marts, sql, form))  # type: ignore[arg-type]


def test_a_table_is_aligned_by_the_width_of_its_characters(marts: Path) -> None:
    assert answer(marts, "select town_name, villages, share from town").splitlines() == [
        "town_name  villages                share",
        "─────────  ────────  ───────────────────",
        "石桥镇            7                 0.50",
        "B               120  1234567890123456.78",
    ]


def test_csv_is_exact_and_leaves_null_empty(marts: Path) -> None:
    assert answer(marts, "from town", "csv") == (
        "town_name,villages,share,seen_on\n石桥镇,7,0.50,2021-08-20\nB,120,1234567890123456.78,\n"
    )


def test_json_is_exact_and_an_object_a_line(marts: Path) -> None:
    text = answer(marts, "from town", "json")
    assert '"share": 1234567890123456.78, "seen_on": null}' in text
    assert [row["town_name"] for row in json.loads(text)] == ["石桥镇", "B"]
    assert len(text.splitlines()) == 2


def test_tables_and_columns_are_listed_with_their_labels(
    marts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GONGSHUI_LANG", raising=False)
    data = str(marts.parent.parent)
    assert cli.main(["sql", "--list", "--data", data]) == 0
    head, _, town = capsys.readouterr().out.splitlines()
    assert head.split() == ["表", "名称", "行数", "说明"]
    assert town.split() == ["town", "镇", "2", "每行一个镇"]
    assert cli.main(["sql", "--describe", "town", "--lang", "en", "--format", "json", "--data", data]) == 0
    columns = json.loads(capsys.readouterr().out)
    assert columns[1] == {"column": "villages", "label": "自然村", "type": "BIGINT", "meaning": "villages in it"}
    assert cli.main(["sql", "--describe", "towns", "--data", data]) == 2
    assert "没有表 towns，相近的有：town" in capsys.readouterr().err
    assert cli.main(["sql", "--list", "--describe", "town", "--data", data]) == 2
    assert "请写一条查询语句" in capsys.readouterr().err


def test_what_towns_wrote_steers_no_terminal_and_breaks_no_line(marts: Path) -> None:
    text = answer(marts, "select chr(27) || '[2J红' || chr(8238) || '字' || chr(10) || '又' as 原文")
    assert text.splitlines()[2] == "�[2J红�字⏎又"


def test_an_answer_without_rows_is_still_an_answer(marts: Path) -> None:
    assert answer(marts, "from town where false", "json") == "[]\n"
    assert answer(marts, "select villages from town where false", "csv") == "villages\n"


@pytest.mark.parametrize("name", ["town", "marts.town", "marts_zh.town"])
def test_a_table_is_found_by_every_name_people_use(marts: Path, name: str) -> None:
    assert "石桥镇" in answer(marts, f"from {name}")


@pytest.mark.parametrize(
    "sql",
    [
        "insert into main.town values ('x', 1, 1, null)",
        "create table main.x as select 1",
        "drop view marts.town",
        "select * from read_text('/etc/hostname')",
        "copy town to 'stolen.csv'",
        "attach 'other.duckdb'",
        "install httpfs",
        "set enable_external_access = true",
        "from marts_file",  # a variable of this program is no table
    ],
)
def test_nothing_but_reading_the_marts_is_possible(marts: Path, sql: str) -> None:
    marts_file = duckdb.sql("select 1")  # noqa: F841
    with pytest.raises(QueryError):
        answer(marts, sql)


@pytest.mark.parametrize(
    ("sql", "said", "shown", "mark"),
    [
        ("select * from town\nwhere 人口 > 0", "第2行", "where 人口 > 0", "人口"),
        ("select * from town where town_name = '石桥镇' adn villages > 0", "语法有误", "'石桥镇' adn", "adn"),
        ("select '石桥镇' as 镇, villages + town_name from town", "列名或类型不符", "villages + town_name", "+"),
        (f"select {'villages, ' * 50} 镇名 from town", "第1行", "镇名 from town", "镇名"),
        ("select\n\tcast(town_name as int)\nfrom town", "值无法转换", "cast(town_name as int)", "cast"),
    ],
)
def test_an_error_quotes_the_line_and_marks_the_place(marts: Path, sql: str, said: str, shown: str, mark: str) -> None:
    with pytest.raises(QueryError) as error:
        answer(marts, sql)
    assert said in error.value.zh
    line, pointer = error.value.zh.splitlines()[-2:]
    assert shown in line and width(line) <= 200
    assert width(line[: line.index(mark)]) == pointer.index("^")
    assert error.value.en.splitlines()[-3:] == [f"line {sql[: sql.index(mark)].count(chr(10)) + 1}:", line, pointer]


def test_an_empty_question_is_refused(marts: Path) -> None:
    with pytest.raises(QueryError):
        answer(marts, "  ")


def test_without_a_release_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoRelease):
        answer(tmp_path / "marts.duckdb", "select 1")


def test_the_command_prints_results_to_stdout_and_words_to_stderr(
    marts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(marts.parent.parent)]
    assert cli.main(["sql", *data, "--format", "csv", "select town_name from town limit 1"]) == 0
    assert capsys.readouterr() == ("town_name\n石桥镇\n", "")
    assert cli.main(["sql", *data, "selec"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("查询未能执行。语法有误：")
    assert cli.main(["--lang", "en", "sql", "--data", "nowhere", "select 1"]) == 2
    assert capsys.readouterr().err.startswith("Nothing is published yet")


def test_a_question_that_is_none_is_refused_in_the_users_language(
    marts: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = ["--data", str(marts.parent.parent)]
    for asked, zh, en in (
        ([""], "没有查询语句", "there is no question"),
        (["--describe", ""], "没有表", "no table"),
        (["select 1", "--list"], "请写一条查询语句", "Say a statement"),
        (["--file", str(tmp_path / "无.sql")], "文件无法读写", "Cannot use"),
        (["select 1", "--output", str(tmp_path / "无" / "x.csv")], "文件无法读写", "Cannot use"),
        (["select 1", "--output", "x.csv", "--format", "json"], "--output", "--output"),
    ):
        for lang, said in (("zh", zh), ("en", en)):
            assert cli.main(["sql", *data, "--lang", lang, *asked]) == 2
            out, err = capsys.readouterr()
            assert out == "" and said in err, asked


def test_a_failed_night_is_told_before_the_answer(marts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = marts.with_name("manifest.json")
    failure = {"run_id": "bad", "at": "2021-08-21T02:00:00+08:00", "reason": "磁盘已满\n详情"}
    manifest.write_text(json.dumps({"status": "failed", "as_of": "2021-08-20", "failure": failure}), "utf-8")
    asked = ["sql", "select 1 as x", "--format", "csv", "--data", str(marts.parent.parent)]
    try:
        assert cli.main(asked) == 0
        out, err = capsys.readouterr()
        assert out == "x\n1\n"
        assert err == "注意：2021-08-21 02:00 的运行失败，以下仍是截至 2021-08-20 的成果。原因：磁盘已满\n"
        assert cli.main([*asked, "--lang", "en"]) == 0
        assert capsys.readouterr().err.startswith("Note: the run of 2021-08-21 02:00 failed")
    finally:
        manifest.unlink()
    assert cli.main(asked) == 0
    assert capsys.readouterr().err == ""


def test_a_wrong_command_is_refused_in_chinese_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["check"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("命令有误：缺少参数：FILE\n用法：")
    with pytest.raises(SystemExit):
        cli.main(["status", "--json=yes"])
    assert capsys.readouterr().err.startswith("命令有误：--json 后面不应有内容：'yes'")
    assert cli.main(["sql"]) == 2
    assert capsys.readouterr().err.startswith("请写一条查询语句")


def test_a_question_comes_from_stdin_and_a_closed_pipe_is_no_error(marts: Path) -> None:
    command = [sys.executable, "-m", "flows.cli", "sql", "-", "--format", "csv", "--data", str(marts.parent.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write("\ufeffselect 'x' as 列 from range(1000000)".encode())
        process.stdin.close()
        assert process.stdout.readline().decode() == "列\n"
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_a_question_comes_from_a_file_in_the_code_page_of_windows(
    marts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "查询.sql"
    file.write_bytes("select villages as 自然村 from town where town_name = '石桥镇'".encode("gb18030"))
    assert cli.main(["sql", "--file", str(file), "--format", "csv", "--data", str(marts.parent.parent)]) == 0
    assert capsys.readouterr().out == "自然村\n7\n"


def test_a_question_is_answered_without_loading_prefect_dbt_or_pandera(marts: Path) -> None:
    program = f"""
import sys
from flows.cli import main
main(["sql", "from town", "--data", {str(marts.parent.parent)!r}])
sys.exit(", ".join({{"prefect", "dbt", "pandera", "pandas"}} & set(sys.modules)) or 0)
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
