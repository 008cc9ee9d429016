"""An exchange at work: everything with effects. Proving and rules, which have none, are in the package `prover`."""
