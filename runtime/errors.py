"""What can go wrong in the service and is not an ending of a stage; each says what would be right."""

from __future__ import annotations


class RuntimeFault(Exception):
    """Something a person can mend; the text is one line for that person."""


class ConfigurationFault(RuntimeFault):
    """A setting makes no sense."""


class PluginFault(RuntimeFault):
    """A plugin cannot be found, loaded or built."""


class QueryRefused(RuntimeFault):
    """A query that is not answered: empty, too long, or of a wrong type."""


class RecordRefused(RuntimeFault):
    """A record that is not kept: its embedding has a wrong dimension or no finite numbers, or its id is another's."""


class StoreFault(RuntimeFault):
    """The store cannot be opened, read or written; what it has acknowledged is not lost."""
