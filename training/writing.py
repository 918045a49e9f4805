"""Files that are whole or not there: written beside and renamed."""

import os
from pathlib import Path


def replace(contents):
    """Writes bytes to paths, {path: bytes}. Until all are complete the last one is not there: no half set looks whole."""
    drafts = {Path(path): Path(path).with_name(f".{Path(path).name}.{os.getpid()}") for path in contents}
    *_, last = drafts
    try:
        for draft, content in zip(drafts.values(), contents.values()):
            store(draft, content)
        if len(drafts) > 1:
            last.unlink(missing_ok=True)  # the old one does not go with the new others
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def store(path, content):
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
