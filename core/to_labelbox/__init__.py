"""Move labels into Labelbox: exports of COCO, Pascal VOC, YOLO, CVAT and Label Studio to data rows, ontology, NDJSON.

    >>> import to_labelbox
    >>> report = to_labelbox.convert("instances_val2017.json", "out")
    >>> report.annotations.converted
    36781

``convert`` does all steps at once; ``read``, ``infer_ontology`` and ``write`` do them one by one. The model is in
:mod:`to_labelbox.model.items`. ``validate`` and ``preview`` look at what was written.

The names are loaded when the first of them is asked for, so that a command can hear a Ctrl-C before they are.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # that of `typing` takes longer than everything here
if TYPE_CHECKING:
    from typing import Any

    from to_labelbox.api import *


class _Package(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") or name == "__all__":
            face = import_module("to_labelbox.api")
            if name in face.__all__ or name == "__all__":
                return getattr(face, name)
            if name in self.__dict__:  # a module that came with it
                return self.__dict__[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__})

    @property
    def formats(self) -> Any:
        """The function: whoever imports the module of that name puts it here."""
        return import_module("to_labelbox.api").formats

    @formats.setter
    def formats(self, module: ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Package
