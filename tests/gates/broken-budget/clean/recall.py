def recall(cue):
    return cue
