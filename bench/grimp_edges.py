"""grimp's graph of the packages in a folder, printed as JSON; run by bench/edges.py in an interpreter of its own."""

from __future__ import annotations

import json
import os
import sys

import grimp
from grimp.exceptions import SourceSyntaxError


def main(folder: str, *packages: str) -> None:
    """Print `{"modules": [...], "edges": [[importer, imported, line], ...], "refused": [path, ...]}`.

    Of what can be imported from the folder. A file at which grimp stops, for it is no Python, is emptied.
    """
    sys.path[:] = [folder]  # nothing that is installed may lend its modules to a folder of the same name
    for package in packages:
        sys.modules.pop(package, None)
    refused: list[str] = []
    while True:
        try:
            graph = grimp.build_graph(*packages, cache_dir=None)
            break
        except SourceSyntaxError as error:
            os.truncate(error.filename, 0)
            refused.append(os.path.relpath(error.filename, folder))
    edges = [
        (importer, imported, detail["line_number"])
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        for detail in graph.get_import_details(importer=importer, imported=imported)
    ]
    json.dump({"modules": sorted(graph.modules), "edges": sorted(edges), "refused": refused}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
