"""The tree of errors. Nothing foreign leaks: each part turns what its libraries raise into one of these.

CasebookError                 one plain sentence and, where there is one, the remedy
├── UsageError                the words were wrong (exit 2)
│   └── SettingsError         a setting is unknown, or out of its bounds
├── DocumentError             a file cannot be read; it is set aside (exit 3), the rest goes on
│   ├── EncryptedError        it wants a password
│   └── ExtractionError       it is damaged, too slow or too large
├── SnapshotError             the index on disk is missing, damaged or made otherwise (exit 1)
│   ├── NoSnapshotError       there is none yet
│   └── StaleSnapshotError    it was made with another encoder or format
├── EncoderError              the model's weights are missing or not the ones expected
├── NotFoundError             no such document or page
├── QuotationError            a quotation does not stand on its page any more
├── ModelError                the language model's server is gone, too slow or not set up
└── FetchError                an original could not be downloaded
"""

from __future__ import annotations


class CasebookError(Exception):
    """One sentence a reader can act on; `exit_code` is what the command line leaves with."""

    exit_code = 1


class UsageError(CasebookError):
    exit_code = 2


class SettingsError(UsageError):
    pass


class DocumentError(CasebookError):
    exit_code = 3


class EncryptedError(DocumentError):
    pass


class ExtractionError(DocumentError):
    pass


class SnapshotError(CasebookError):
    pass


class NoSnapshotError(SnapshotError):
    pass


class StaleSnapshotError(SnapshotError):
    pass


class EncoderError(CasebookError):
    pass


class NotFoundError(UsageError):
    pass


class QuotationError(CasebookError):
    pass


class ModelError(CasebookError):
    pass


class FetchError(CasebookError):
    pass
