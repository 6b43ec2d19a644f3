"""Names that towns give to files: what becomes of them where a copy is named after one."""

from pathlib import Path

import pytest

from flows.report.copies import free_name, place_of, safe_name

FOLDER = Path("/returned/2021-08-20")
NAMES = [
    *("..", ".", "...", "../../etc/passwd", "/etc/passwd", "..\\..\\windows\\system32", "C:\\x", "C:x"),
    *("con", "CON", "Nul.2021", "com1", "LPT9.进度", "COM¹", "aux ", "尾部. ", " 开头", ".隐藏", "~$进度", ""),
    *("a\0b", "a\nb", "a\u202eslx.exe", 'a<b>c:d"e|f?g*h', "长" * 300, "\udcff\udcfe", "问题清单\u2028"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_copys_name_is_one_file_in_its_folder_on_every_system(name: str) -> None:
    safe = safe_name(name)
    path = FOLDER / f"{safe}.xlsx"
    assert path.parent == FOLDER
    assert path.resolve().parent == FOLDER.resolve()
    assert len(path.name.encode()) <= 200
    assert not set(safe) & set('<>:"/\\|?*')
    assert safe.isprintable()
    assert safe == safe.strip(". ")
    assert safe.split(".")[0].strip().casefold() not in ("", "con", "prn", "aux", "nul", "com1", "com¹", "lpt9")


def test_a_telephone_number_in_a_files_name_is_masked() -> None:
    assert safe_name("青龙镇_13812345678") == "青龙镇_138××××5678"


def test_names_that_differ_in_case_or_in_how_accents_are_written_are_different_files() -> None:
    taken: set[str] = set()
    copies = [free_name(FOLDER, Path(name), ("甲",), taken) for name in ("A.xls", "a.xls", "é.xls", "e\u0301.xls")]
    assert len({place_of(copy) for copy in copies}) == 4


def test_names_that_become_the_same_when_made_safe_are_different_files() -> None:
    taken: set[str] = set()
    copies = [
        free_name(FOLDER, Path(name), (), taken) for name in ("a?.xls", "a*.xls", "a|.xls", "长" * 200, "长" * 201)
    ]
    assert len(set(copies)) == 5


@pytest.mark.parametrize("folder", ["..", "/etc", "C:"])
def test_folders_of_the_inbox_do_not_lead_out_of_the_folder_of_copies(folder: str) -> None:
    taken: set[str] = set()
    for _ in range(3):
        copy = free_name(FOLDER, Path("进度.xls"), (folder,), taken)
        assert copy.parent == FOLDER
