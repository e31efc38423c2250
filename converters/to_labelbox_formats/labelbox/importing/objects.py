"""Steps 2 and 3: dataset, ontology and project, each looked for before and after it is made.

Ours are known by their name and by a description that ends in the mark of the run.
"""

from __future__ import annotations

import time
from typing import Any

from to_labelbox.report.errors import UnavailableError
from to_labelbox_formats.labelbox.importing.calls import PAUSES, Found, Unanswered
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.journal import Project, State
from to_labelbox_formats.labelbox.importing.ontology import structure

MARK = "to-labelbox import"


def mark(run: str) -> str:
    return f"{MARK} {run}"


def description(run: str) -> str:
    return f"Imported by {mark(run)}"


def ours(found: list[Found], run: str) -> list[Found]:
    return [f for f in found if f.description.endswith(mark(run))]


def same_ontologies(found: list[Found], content: dict[str, Any], media_type: str) -> list[Found]:
    """Those of the same structure; one without a media type fits every project."""
    wanted = structure(content)
    fitting = (media_type, "UNKNOWN", "")
    return [
        f for f in found if f.media_type in fitting and isinstance(f.content, dict) and structure(f.content) == wanted
    ]


class Objects:
    """Makes what a project needs and has not; ``left_over`` names what lost answers have made besides."""

    def __init__(self, box: Labelbox, state: State) -> None:
        self._box, self._state = box, state

    def _one(self, kind: str, found: list[Found]) -> str:
        for other in found[1:]:
            name = f"{kind} {other.id}"
            if name not in self._state.left_over:
                self._state.left_over.append(name)
        return found[0].id

    def dataset(self, project: Project) -> str:
        name, run = project.dataset_name, self._state.run
        found = self._box.ensure(
            f"creating the dataset {name!r}",
            lambda: ours(self._box.datasets(name), run),
            lambda: self._box.create_dataset(name, description(run)),
        )
        return self._one("dataset", found)

    def ontology(self, project: Project, content: dict[str, Any]) -> str:
        name, media = project.ontology_name, project.media_type
        found = self._box.ensure(
            f"creating the ontology {name!r}",
            lambda: same_ontologies(self._box.ontologies(name), content, media),
            lambda: self._box.create_ontology(name, content, media),
        )
        return found[0].id

    def project(self, project: Project) -> str:
        name, run = project.name, self._state.run
        found = self._box.ensure(
            f"creating the project {name!r}",
            lambda: ours(self._box.projects(name), run),
            lambda: self._box.create_project(name, description(run), project.media_type),
        )
        return self._one("project", found)

    def connect(self, project: Project) -> None:
        """Not one call but five, so it is repeated until the project has the ontology."""
        step = "connecting the ontology"
        for pause in (*PAUSES, None):
            there = self._box.ontology_of(project.project)
            if there is not None and there.id == project.ontology:
                return
            try:
                self._box.call(step, lambda: self._box.connect(project.project, project.ontology))
            except Unanswered as error:
                if pause is None:
                    raise UnavailableError(f"{step}: no answer: {error}") from None
                time.sleep(pause)
                continue
            there = self._box.ontology_of(project.project)
            if there is not None and there.id == project.ontology:
                return
            if pause is not None:
                time.sleep(pause)
        raise UnavailableError(f"{step}: the project does not show it yet")

    def clean_left_overs(self) -> None:
        """Delete marked datasets and projects that lost answers have made, if nothing is in them."""
        for name in list(self._state.left_over):
            kind, _, id = name.partition(" ")
            if self._is_empty(kind, id):
                self._box.delete_empty(kind, id)
                self._state.left_over.remove(name)

    def _is_empty(self, kind: str, id: str) -> bool:
        for project in self._state.projects:
            if kind == "dataset":
                return any(
                    d.id == id and d.size == 0 for d in ours(self._box.datasets(project.dataset_name), self._state.run)
                )
            if kind == "project" and id not in (p.project for p in self._state.projects):
                return self._box.label_count(id) == 0 and not self._box.batches(id, "")
        return False
