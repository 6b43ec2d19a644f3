"""The forms that towns and the county send in, one module each, and the vocabulary they share."""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from schemas.info import FORMS, FormInfo

# Folders of a county's own forms, beside those of this package: modules in them are found like any other here.
__path__.extend(folder for folder in os.environ.get("GONGSHUI_FORMS", "").split(os.pathsep) if folder)


_is_told = False


def forms() -> dict[str, FormInfo]:
    """Every form that a module of this package describes, by name; finding a new module is all it takes."""
    if not _is_told:
        for module in pkgutil.iter_modules(__path__):
            importlib.import_module(f"{__name__}.{module.name}")
    return FORMS


def described() -> dict[str, FormInfo]:
    """The forms as another process is told them, without their models."""
    return {name: replace(info, model=cast(Any, None)) for name, info in forms().items()}


def tell(described: Mapping[str, FormInfo]) -> None:
    """Take the forms from the process that has their models: without those a reader starts sooner."""
    global _is_told
    FORMS.update(described)
    _is_told = True
