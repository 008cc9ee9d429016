"""Where proofs are made: on this machine, by workers anywhere, or on a cluster. Engines place jobs and keep nothing."""

from __future__ import annotations

from freehold.errors import Refused
from freehold.services.base.store import Store
from freehold.services.operator.engines.engine import Engine
from freehold.services.operator.engines.process import ProcessEngine
from freehold.services.operator.engines.store import StoreEngine
from freehold.services.operator.settings import ProverSettings


def make_engine(settings: ProverSettings, store: Store) -> Engine:
    """Raises Refused."""
    if settings.engine == "process":
        return ProcessEngine(store, settings.workers, settings.memory, settings.lease)
    if settings.engine == "store":
        return StoreEngine(store, settings.memory)
    if settings.scheduler is None:
        raise Refused("engine dask needs `scheduler`, the address of one")
    try:
        from freehold.services.operator.engines.dask import DaskEngine
    except ImportError as error:
        raise Refused(f"engine dask needs what `pip install freehold[cluster]` brings: {error}") from error
    return DaskEngine(store, settings.scheduler, settings.memory, settings.lease)
