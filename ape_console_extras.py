"""Read by `ape console`, whose contracts are thereby of the sources as they are."""

from freehold.chain.compilation import keep_fresh

keep_fresh()
