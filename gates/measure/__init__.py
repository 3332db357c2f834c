"""gates measure: head beside its base, in fresh processes in pairs, until it can be told which is slower."""
