"""Links between annotations of one asset to lines."""

from __future__ import annotations

from msgspec import Raw

from to_labelbox.model.items import Media, Relationship
from to_labelbox.model.schema import Kind
from to_labelbox.report.codes import Code
from to_labelbox_formats.labelbox.encode.line_buffer import LineBuffer
from to_labelbox_formats.labelbox.encode.line_types import RelationshipEnds, RelationshipLine
from to_labelbox_formats.labelbox.encode.placeholders import tool_token


def add_relationship(
    buffer: LineBuffer, relationship: Relationship, ends: dict[str, str], answers: dict[str, str]
) -> None:
    """A link between two objects; on documents its source may be an answer [SDK 7.17, relationship.py]."""
    label = relationship.label
    if buffer.filtered and not buffer.passes(label, relationship):
        return
    media = buffer.item.asset.media
    without = "" if media in (Media.IMAGE, Media.DOCUMENT) else f"a relationship on {media} has no payload in Labelbox"
    if not buffer.settings.relationships:
        if relationship.source_count:
            buffer.skip(
                Code.RELATIONSHIP_OFF, without or "relationships are written with --relationships", relationship
            )
        return
    if buffer.refuses(label, relationship):
        return
    if not buffer.fits(label, Kind.RELATIONSHIP):
        buffer.miss([f"relationship {label!r}"], relationship, skipped=True)
        return
    if without:
        buffer.skip(Code.GEOMETRY_UNSUPPORTED, without, relationship)
        return
    source, target = ends.get(relationship.source), ends.get(relationship.target)
    if source is None and buffer.item.asset.media is Media.DOCUMENT:
        source = answers.get(relationship.source)
    if source is None or target is None:
        lost = relationship.source if source is None else relationship.target
        buffer.skip(Code.RELATIONSHIP_DANGLING, f"its end {lost!r} is not written on this data row", relationship)
        return
    if source == target:
        buffer.skip(Code.RELATIONSHIP_DANGLING, "both its ends are the same annotation", relationship)
        return
    seen = (label, Kind.RELATIONSHIP)
    buffer.count(*seen)
    uuid = buffer.uuids.make(relationship.id, "relationship")
    line = RelationshipLine(
        uuid,
        buffer.data_row,
        Raw(tool_token(*seen)),
        RelationshipEnds(source, target, "bidirectional" if relationship.bidirectional else "unidirectional"),
    )
    buffer.write(line, uuid, relationship)
    buffer.close(relationship, lost=False)
