"""The forms that towns and the county send in, one module each, and the vocabulary they share."""

import importlib
import os
import pkgutil

from schemas.form import FORMS, FormInfo

# Folders of a county's own forms, beside those of this package: modules in them are found like any other here.
__path__.extend(folder for folder in os.environ.get("GONGSHUI_FORMS", "").split(os.pathsep) if folder)


def forms() -> dict[str, FormInfo]:
    """Every form that a module of this package describes, by name; finding a new module is all it takes."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return FORMS
