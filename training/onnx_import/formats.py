"""Weight formats of the macro (docs/theory_of_operation.md, section 1)."""

from training.onnx_import.refusal import refuse

# Name and levels. Differential formats first: they need no reference level. Then the fewest columns.
FORMATS = (("diff1", -1, 1), ("diff2", -3, 3), ("single2", -2, 1), ("single3", -4, 3), ("single4", -8, 7))


def choose(node, levels, bipolar):
    """The format for some weights; declared bipolar ones take one column, whatever else would fit."""
    if bipolar:
        return "single1"
    low, high = int(levels.min()), int(levels.max())
    for name, lowest, highest in FORMATS:
        if lowest <= low and high <= highest:
            return name
    refuse(node, f"weight levels {low}..{high}", "-8..7 (4 bits), -7..8 where an output's factor is negative")
