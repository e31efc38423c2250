"""Whether four numbers of a box are two corners, or a corner with a width and a height: what a set of them says.

The files of Pascal VOC and the lines of Keras YOLO name corners, and scripts write sizes there. A size is often smaller than the
place of its box, so that boxes read as corners end before they begin.
"""

from __future__ import annotations

from msgspec import Struct

from to_labelbox.model.text import n_of

_ENOUGH = 10
"""Boxes that it takes to say that most of them are odd, where nothing tells the sizes of their pictures."""
_FEW = 3
"""Boxes that it takes where those sizes are told; two are enough when one of them is flipped on both axes."""


class CornerOrder(Struct):
    """Counts over boxes: ``flipped`` end before they begin on an axis, ``both`` on both axes; ``zeros`` begin at 0 on one.

    Of the ``sized``, whose picture's size is known, ``as_sizes`` stay inside when the last two numbers are width and height, and
    ``as_centres`` when the first two are the centre besides.
    """

    boxes: int = 0
    flipped: int = 0
    both: int = 0
    sized: int = 0
    as_sizes: int = 0
    as_centres: int = 0
    zeros: int = 0

    def add(self, left: float, top: float, right: float, bottom: float, width: float, height: float) -> None:
        """Count a box on a picture, whose size is 0 when it is not known."""
        self.boxes += 1
        self.zeros += left == 0 or top == 0
        if right < left or bottom < top:
            self.flipped += 1
            self.both += right < left and bottom < top
        if width and height:
            self.sized += 1
            self.as_sizes += left + right <= width + 1 and top + bottom <= height + 1
            self.as_centres += (
                abs(2 * left - width) + right <= width + 2 and abs(2 * top - height) + bottom <= height + 2
            )

    @property
    def all_fit_as_sizes(self) -> bool:
        return self.sized == self.boxes == self.as_sizes

    @property
    def speaks_for_centres(self) -> bool:
        """Whether all stay on their pictures around a centre, some do not beside a corner, and a third would be flipped corners."""
        fit = self.sized == self.boxes == self.as_centres > self.as_sizes
        return fit and self.boxes >= _FEW and 3 * self.flipped >= self.boxes

    @property
    def speaks_for_sizes(self) -> bool:
        """Whether so many boxes are flipped as chance does not explain."""
        if not self.flipped:
            return False
        all_on_both = self.both == self.boxes and self.boxes > 1
        enough = self.boxes >= _FEW or (self.both and self.boxes > 1)
        a_third = enough and 3 * self.flipped >= self.boxes and self.all_fit_as_sizes
        return all_on_both or a_third or (self.boxes >= _ENOUGH and 2 * self.flipped > self.boxes)

    def told(self, what: str) -> str:
        """The counts in a sentence; ``what`` comes before what."""
        fit = f", and all {self.boxes} stay on their pictures as width and height" if self.all_fit_as_sizes else ""
        return f"of {n_of(self.boxes, 'box', 'boxes')} {self.flipped} have {what}, so they seem to be width and height{fit}"
