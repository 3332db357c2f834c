"""Every statement is reached, and every way out of it."""


def recall(cue, kept):
    if cue in kept:
        return kept[cue]
    return [
        record
        for record in kept.values()
    ]


def fold(kept):
    return dict(kept)
