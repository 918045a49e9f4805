"""What can not be imported is refused, in one line that says where, what and what would do."""


class Refused(Exception):
    """The line, without the model's name: `convert` puts that in front."""


def refuse(place, problem, allowed):
    """`place` is a node or a description of something that is no node."""
    raise Refused(f"{place}: {problem}; allowed: {allowed}")
