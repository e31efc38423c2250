"""What a batch was asked for and what it found, kept on disk so that it can go on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.batches.find_datasets import Found
from to_labelbox.conversion.checkpoint import _DONE, _names, is_sound, load_sealed, save_sealed
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.report.report import version
from to_labelbox.source.paths import is_safe

HEAD, PLAN, DATASETS, FAILURE = "head", "plan", "datasets", "failure"


class Plan(Struct, frozen=True, kw_only=True):
    """Where a batch reads, and every option that its output depends on.

    ``job`` is what the jobs of all its datasets have in common; ``sizes_file`` is the content of ``sizes``.
    """

    root: str
    datasets: tuple[str, ...]
    job: ConversionJob
    sizes_file: str
    version: str = field(default_factory=version)

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the options in which a plan that was saved differs, and of those of the rules."""
        mine, names = decode_plan(encode_plan(self)), []
        for own, saved in ((mine["job"], other.get("job") or {}), (mine, other)):
            names += [name for name in own if name != "job" and own[name] != saved.get(name)]
        if "settings" in names:
            rules, before = mine["job"]["settings"], (other.get("job") or {}).get("settings") or {}
            names.remove("settings")
            names += [name for name in rules if rules[name] != before.get(name)] or ["settings"]
        return names


def encode_plan(plan: Plan) -> bytes:
    """The same bytes for the same plan."""
    plain = msgspec.to_builtins(plan, enc_hook=repr, str_keys=True)
    return json.dumps(plain, sort_keys=True).encode()


def decode_plan(data: bytes) -> dict[str, Any]:
    """The plan as plain data."""
    plain: dict[str, Any] = json.loads(data)
    return plain


def save_plan(folder: str, plan: Plan) -> None:
    save_sealed(os.path.join(folder, PLAN), encode_plan(plan))


def load_plan(folder: str) -> dict[str, Any] | None:
    """The plan of an earlier run as plain data, or None."""
    plain: dict[str, Any] | None = _plain(os.path.join(folder, PLAN))
    return plain


def typed_plan(folder: str) -> Plan | None:
    plain = _plain(os.path.join(folder, PLAN))
    try:
        return msgspec.convert(plain, Plan, str_keys=True)
    except msgspec.ValidationError:
        return None


def has_begun(folder: str) -> bool:
    """Whether a run has opened any dataset yet."""
    return any(os.path.isdir(os.path.join(folder, name)) for name in _names(folder))


def save_datasets(folder: str, found: Sequence[Found]) -> None:
    save_sealed(os.path.join(folder, DATASETS), json.dumps(msgspec.to_builtins(found)).encode())


def load_datasets(folder: str) -> list[Found] | None:
    """What was found when the batch began, or None when there is no list, or one that leads out of the output folder."""
    try:
        found = msgspec.convert(_plain(os.path.join(folder, DATASETS)), list[Found])
    except msgspec.ValidationError:
        return None
    return found if all(is_safe(f.path) for f in found) else None


def _plain(path: str) -> Any:
    """JSON, which unlike MessagePack can hold names that are no UTF-8; None when there is none that can be read."""
    data = load_sealed(path)
    try:
        return None if data is None else json.loads(data)
    except (ValueError, RecursionError):
        return None


class Failure(Struct):
    """Why a dataset cannot be converted, said by the machine that tried."""

    message: str


def adopt(folder: str, other: str) -> None:
    """Take over what another machine has finished of a dataset; its chunks are marked after their files are there.

    What was taken over before stays, unless it is damaged.
    """
    os.makedirs(folder, exist_ok=True)
    for name in sorted(_names(other), key=lambda name: name.endswith(_DONE)):
        source, target = os.path.join(other, name), os.path.join(folder, name)
        if name.rsplit(".", 1)[-1].isdecimal():
            continue
        if os.path.exists(target) and (os.path.samefile(source, target) or is_sound(folder, name)):
            continue
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, f"{target}.0")
            os.replace(f"{target}.0", target)
