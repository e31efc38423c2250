"""Runs the cells of a notebook in one plain Python process, in an empty folder, and holds what they print against what is stored.

python tests/run_notebook.py NOTEBOOK [--update]

No kernel and no Jupyter: cells are Python alone, and what a cell gives is what it prints and the value of its last line.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def outputs_of(cells: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The outputs of all code cells, run one after another in the current folder."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [_run("".join(cell["source"]), names) for cell in cells if cell["cell_type"] == "code"]


def _run(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)  # noqa: S102  # a notebook is there to be run
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        outputs.append({"data": data, "execution_count": None, "metadata": {}, "output_type": "execute_result"})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def run_notebook(path: Path) -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    """The notebook as it is stored, and what its cells give."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return notebook, outputs_of(notebook["cells"])
        finally:
            os.chdir(before)


def main(path: Path, update: bool) -> int:
    notebook, found = run_notebook(path)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    changed = [n for n, (cell, outputs) in enumerate(zip(code, found)) if cell["outputs"] != outputs]
    for n in changed:
        print(f"cell {n + 1}: stored {code[n]['outputs']}\n  now {found[n]}")
        code[n]["outputs"] = found[n]
    if update:
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(bool(changed) and not update)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "--update" in sys.argv[2:]))
