"""The adapter of one program's facts."""

from prover.algebra.keccak import keccak_of_words


def test_an_adapter_asks_for_the_program(project, accounts):
    deployer = accounts[0]
    registry = deployer.deploy(project.ObedientRegistry)
    adapter = deployer.deploy(project.ProgramFactAdapter, registry, 0x77)
    fact = keccak_of_words([1, 2, 3])
    bound = bytes.fromhex("2422673618251520094ab7486c0e54eb06b1db601929f28129842aa4a6a476bd")
    assert keccak_of_words([0x77, int.from_bytes(fact, "big")]) == bound
    assert not adapter.isValid(fact) and not adapter.hasRegisteredFact()
    registry.declare(bound, sender=deployer)
    assert adapter.isValid(fact) and adapter.hasRegisteredFact()
    assert adapter.identify() == "Freehold_ProgramFactAdapter_2026_1"
