"""The plan of an import as the user reads it: what will be made, what is there, what cannot be undone."""

from __future__ import annotations

from to_labelbox.model.text import display, n_of
from to_labelbox.plugins.importer import ImportOptions
from to_labelbox_formats.labelbox.importing.media import LARGE, SHOWN
from to_labelbox_formats.labelbox.importing.ontology import size
from to_labelbox_formats.labelbox.importing.plan import Plan
from to_labelbox_formats.labelbox.importing.survey import Survey, Target

FREE_PLAN = 10_000


def in_words(found: Survey, plan: Plan, options: ImportOptions, host: str, asked: bool) -> str:
    """The plan: what will be made, what is there, what cannot be undone."""
    rows = [
        ("organisation", f"{found.organisation} at {host}" if asked else f"not asked (no LABELBOX_API_KEY), at {host}")
    ]
    for target in found.targets:
        rows += _target(target, found, plan, options, asked)
    if found.files.files or plan.local:
        rows.append(("uploads", f"{n_of(found.files.files, 'file')}, {found.files.bytes / 1e6:,.1f} MB"))
    left_out = sum(plan.line_count(t.left_out) for t in found.targets)
    if found.files.left_out:
        what = f"{n_of(len(found.files.left_out), 'data row', 'data rows')} of files that cannot be sent, with {n_of(left_out, 'annotation')}"
        rows.append(("left out", f"{what}: {', '.join(found.files.missing[:3])}"))
    if found.files.large:
        rows.append(
            (
                "large",
                f"above {LARGE / 1e6:.0f} MB an upload may not end in time; better a URL: {', '.join(found.files.large)}",
            )
        )
    if found.create_fields:
        rows.append(("metadata", "new fields: " + ", ".join(f"{n} ({k})" for n, k in found.create_fields.items())))
    total = sum(t.plan.lines for t in found.targets) - left_out
    kinds: dict[str, int] = {}
    for target in found.targets:
        for label, lines in plan.lines_by_class(target.plan.media_type, target.left_out).items():
            kinds[label] = kinds.get(label, 0) + lines
    shown = sorted(kinds.items(), key=lambda k: -k[1])
    rows.append(
        ("annotations", f"{total:,} (the free plan takes {FREE_PLAN:,}; nested answers are billed as further ones)")
    )
    rows += [("", f"{n:,} {display(k)}") for k, n in shown[:SHOWN]]
    rows += [("", f"… and {n_of(len(shown) - SHOWN, 'more class', 'more classes')}")] if len(shown) > SHOWN else []
    if plan.plain_http:
        what = f"{n_of(plan.plain_http, 'data row has', 'data rows have')} an address of http, as {display(plan.first_http)!r}"
        rows.append(("note", f"{what}: browsers do not show these in a page of https"))
    if options.media_root and plan.created and not plan.local:
        rows.append(
            ("note", "--media-root is not used: every data row has an address, which Labelbox fetches, or holds a text")
        )
    rows += [("note", note) for note in found.notes]
    rows.append(("not undone", _UNDO[options.mode]))
    return "\n".join(f"{name:<13}{text}" for name, text in rows)


_UNDO = {
    "labels": "imported labels count as Done and are billed; there is no call that takes an import back (deleting the "
    "labels of its batches is the way, untried)",
    "prelabels": "pre-labels are shown to labelers as predictions; an import of them can be deleted in Labelbox",
}


def _target(target: Target, found: Survey, plan: Plan, options: ImportOptions, asked: bool) -> list[tuple[str, str]]:
    media, left_out = target.plan.media_type, len(target.left_out)
    tools, questions = size(target.content)
    if options.project_id:
        ontology = "the project's"
    else:
        ontology = f"{n_of(tools, 'tool')}, {n_of(questions, 'classification')}, {'there already' if target.ontology_there else 'new'}"
    made = (
        "by their ids"
        if plan.by_id
        else f"{len(target.plan.rows) - target.existing - left_out:,} new, {target.existing:,} existing"
    )
    made += f", {left_out:,} left out" if left_out else ""
    return [
        ("project", f"{display(target.name)}, {media}, {'existing' if options.project_id else 'new'}"),
        ("dataset", _dataset(target, plan, options) + (f", signed by {found.signer}" if found.signer else "")),
        ("ontology", ontology),
        ("data rows", f"{len(target.plan.rows):,}" + (f" ({made})" if asked or left_out else "")),
        ("batches", f"{target.batches(options.batch_size):,}"),
        ("import jobs", f"{target.jobs(plan, options.lines_per_job):,} of at most {options.lines_per_job:,} lines"),
    ]


def _dataset(target: Target, plan: Plan, options: ImportOptions) -> str:
    if not plan.created:
        return "none: the rows exist"
    if options.dataset_id:
        return f"{options.dataset_id}, existing"
    if target.missing is not None and not len(target.missing):
        return "none: the rows exist"
    return f"{display(target.dataset_name)}, new"
