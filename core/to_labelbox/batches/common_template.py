"""A class map of everything that the datasets below a folder hold, to be edited for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from to_labelbox.batches.find_datasets import Found
from to_labelbox.conversion.job import ConversionJob, open_job
from to_labelbox.conversion.run import run
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.class_map_template import template
from to_labelbox.ontology.infer import infer
from to_labelbox.ontology.merge import DatasetSurvey, common_ontology, joined
from to_labelbox.report.errors import ToLabelboxError
from to_labelbox.report.log import Ledger


def common_template(root: str, job: ConversionJob, found: Sequence[Found], workers: int) -> tuple[str, list[str]]:
    """The map as YAML, and why datasets are not in it. ``job``: how each of those found is read."""
    sets, survey, ledger, problems = list[DatasetSurvey](), Survey(), Ledger(), list[str]()
    for one in found:
        own = dataclasses.replace(job, sources=(one.source,), format=one.format, without=one.without, name=one.path)
        try:
            result = run(open_job(own), None, job.settings, workers=workers)
        except ToLabelboxError as error:
            problems.append(f"{one.path}: {error}")
            continue
        sets.append(DatasetSurvey(result.schema, result.survey))
        survey.absorb(result.survey)
        for name, tally in result.report.classes.items():
            ledger[name].add(tally)
    schema = joined(sets, [infer(one.schema, one.survey, job.settings) for one in sets], [])
    return template(root, schema, common_ontology(sets, job.settings), survey, ledger), problems
