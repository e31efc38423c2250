"""Files that are shown as a video and as sound: which of them their data row is.

Labelbox counts frames of a video and time of a sound. The editor shows the sound of a video beside it, since stretches are
easier to mark there: what is labelled so is the video, where its frames a second are known.
"""

from __future__ import annotations

import msgspec

from to_labelbox.model.items import Media
from to_labelbox.model.text import n_of
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.image_headers import VIDEO_EXTENSIONS
from to_labelbox_formats.label_studio.assets import Slot, extension
from to_labelbox_formats.label_studio.census import ExportCensus
from to_labelbox_formats.label_studio.config import TIMED_TAGS, Config, root_key
from to_labelbox_formats.label_studio.options import Options


def with_media(config: Config, census: ExportCensus, options: Options, context: ReadContext) -> Config:
    """A config whose objects know what their files are taken for. Asks where nothing tells the frames of a time."""
    evidence, sounds = census.evidence, census.fields.sounds
    films = [o for o in config.objects.values() if o.film and root_key(o.value) not in sounds]
    known = options.frame_rate is not None or context.media is not None or any(o.rate for o in films)
    if films and options.media is None and evidence.timed and not evidence.framed and not known:
        ask(
            f"{films[0].value} is shown as a video and as sound, and only times of the sound are labelled (looked at: "
            f"{n_of(evidence.timed.total(), 'region')}). Labelbox counts frames of a video, and nothing tells how many a second "
            "has.",
            [
                ("-O frame_rate=25:25", "they are videos, of so many frames a second"),
                ("--media-root FOLDER", "they are videos, whose files tell it"),
                ("-O media=audio", "they are sounds; MP3 and WAV are what Labelbox plays"),
            ],
        )
    if options.media is None:
        return config
    taken = {n: msgspec.structs.replace(o, media=options.media) for n, o in config.objects.items()}
    return msgspec.structs.replace(config, objects=taken)


def tell_media(slot: Slot, config: Config, options: Options, log: Log) -> None:
    """Say what a video was taken for whose sound is labelled."""
    if options.media is not None or slot.media not in (Media.AUDIO, Media.VIDEO):
        return
    shown = config.objects.get(slot.shown)
    film = shown.film if shown is not None else any(o.film for o in config.objects.values())
    if slot.tag not in TIMED_TAGS and not film:
        return
    if slot.media is Media.VIDEO or extension(slot.reference.names[0] if slot.reference else "") in VIDEO_EXTENSIONS:
        video = slot.media is Media.VIDEO
        log.assume(
            "video files whose sound is labelled",
            slot.media.value,
            for_=int(video),
            unknown=int(not video),
            why="counted for a video are files that the labelling config shows as a video, too",
            option=f"-O media={Media.AUDIO.value if video else Media.VIDEO.value}",
        )
