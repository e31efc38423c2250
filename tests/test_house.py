"""How the product is written: functions that fit on a screen, a sentence in one place."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

from harness import ROOT

MOST = 60
"""Lines of code of a function, without its docstring, comments and blank lines. A longer one says why beside its name: ``# long: …``."""
SOURCES = sorted(p for room in ("core", "converters") for p in Path(ROOT / room).rglob("*.py"))
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def functions(text: str) -> Iterator[tuple[str, int, str]]:
    """Name, lines of code and first line of each function."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = {line for t in tokens if t.type not in NO_CODE for line in range(t.start[0], t.end[0] + 1)}
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = code & set(range(node.lineno, (node.end_lineno or 0) + 1))
            if ast.get_docstring(node) is not None:
                own -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
            yield node.name, len(own), lines[node.lineno - 1]


def test_no_function_is_long() -> None:
    assert SOURCES
    long = [
        f"{path.relative_to(ROOT)} {name}: {count} lines"
        for path in SOURCES
        for name, count, first in functions(path.read_text(encoding="utf-8"))
        if count > MOST and "# long:" not in first
    ]
    assert not long


def test_what_is_counted() -> None:
    text = 'def f() -> None:\n    """Says\n    a lot."""\n\n    # a reason\n    x = (\n        1,\n    )\n'
    assert list(functions(text)) == [("f", 4, "def f() -> None:")]


def words_of(node: ast.AST) -> str:
    """A literal text with its places empty; nothing for what is none."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [p.value if isinstance(p, ast.Constant) else "{}" for p in parts]
    return "".join(map(str, texts)) if isinstance(node, ast.Constant | ast.JoinedStr) else ""


def sentences(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """Code, sentence and where it stands, of each that is said in a call, in place or by a name that it was given before."""
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        named = sorted(
            (node.lineno, target.id, words_of(node.value))
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        )
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
            code = [a.attr for a in call.args if isinstance(a, ast.Attribute) and ast.unparse(a.value) == "Code"]
            for words in call.args if code else ():
                given = isinstance(words, ast.Name) and [n for n in named if n[1] == words.id and n[0] <= call.lineno]
                line, _, text = given[-1] if given else (words.lineno, "", words_of(words))
                if text:
                    yield code[0], text, line


def test_what_two_places_say_stands_in_one() -> None:
    """A sentence with a code that is written twice will be mended once: :mod:`to_labelbox.report.sentences` is for both."""
    said: dict[tuple[str, str], set[str]] = {}
    for path in SOURCES:
        for code, text, line in sentences(ast.parse(path.read_text())):
            said.setdefault((code, text), set()).add(f"{path.name}:{line}")
    assert len(said) > 250
    assert {text: places for (_, text), places in said.items() if len(places) > 1 and len(text) > 8} == {}
