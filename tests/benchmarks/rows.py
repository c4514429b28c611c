"""A row of the table: what was compared, how it came out, what was wanted."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
      name: What was done.
      ours: How much it took here, in `unit`.
      theirs: How much what it is compared with took.
      unit: Of both; "us" and "s" of CPU time unless the name says wall.
      reach: The ratio that is wanted.
      stretch: The ratio that may be possible.
      against: What it is compared with.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    reach: float
    stretch: float
    against: str = "TF"

    @property
    def ratio(self):
        return self.ours / self.theirs

    def cells(self):
        met = "" if self.ratio <= self.reach else " **missed**"
        return (
            self.name,
            f"{self.theirs:.3g} {self.unit}",
            f"{self.ours:.3g} {self.unit}",
            f"**{self.ratio:.2f}**{met}",
            f"{self.reach:g}",
            f"{self.stretch:g}",
        )


HEADER = ("", "TF", "monitored_tf", "ratio", "reach", "stretch")


def table(header, lines):
    """Returns a Markdown table."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in (header, rule, *lines)
    )
