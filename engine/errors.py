"""The one family of errors that a person may see.

Each message is one clear sentence or two: which input, which row or well, what was wrong, what to do.
"""


class EngineError(Exception):
    """Anything the engine refuses or cannot finish; its text is shown to the person as it is."""


class InputError(EngineError):
    """A file, table or value that somebody gave cannot be used."""


class MoleculeError(InputError):
    """A SMILES that cannot be read or does not fit the settings."""


class NetworkError(EngineError):
    """A network cannot be built for these inputs, or a checkpoint does not fit."""


class TrainingError(EngineError):
    """Training cannot start or went wrong (no pairs, loss not finite)."""


class StoreError(EngineError):
    """The store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another process holds the store; the message names it."""


class StoreVersionError(StoreError):
    """The store was written by a newer Tumorcast."""


class FetchError(EngineError):
    """A public release cannot be downloaded, or what came is not what was published."""


class JobError(EngineError):
    """A job cannot be submitted, found, resumed or collected."""


class JobCancelled(EngineError):
    """Raised inside a worker when a person has asked it to stop."""
