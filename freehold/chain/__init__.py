"""Everything that speaks to a chain, by Ape: contracts, deployment, proofs and updates, records."""
