"""Models on disk: what there is, where it lies.

- `entry`: what the catalogue says of a model; `entries`: the catalogue itself, a file for each model
- `store`: the folder of models on this machine
- `locate`: a name or a path to the folder or file that an engine opens

An engine needs nothing of it but `locate`. Nothing here is fetched without being asked for.
"""

from voxwire.catalogue.entry import Catalogue, CatalogueEntry, ModelFile, load_catalogue
from voxwire.catalogue.locate import locate
from voxwire.catalogue.store import Store

__all__ = ["Catalogue", "CatalogueEntry", "ModelFile", "Store", "load_catalogue", "locate"]
