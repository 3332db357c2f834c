"""What files of a repository offer to documents: targets, scripts, tables, names, anchors."""
