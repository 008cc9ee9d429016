"""What tests share: kits, small proofs, cheating provers, tools that compile beside Ape."""
