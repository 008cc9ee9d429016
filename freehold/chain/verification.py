"""Whether a deployed exchange is what this source tree deploys: code, tables, parameters, program, delays; and who may
do what. Reads only. `bytecode.py` compares the code of one contract; here is which contract ought to be where.

What code says of itself counts only where the code is known: a line that rests on another's code comes after the line
of that code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from ape.contracts.base import ContractInstance
from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from pydantic import ValidationError

from freehold.chain.bytecode import CodeUnknown, Deployed, OtherCode, check_creation, code_at, read
from freehold.chain.contracts import contract_at, exchange_at
from freehold.chain.deployed import USUAL_DELAYS
from freehold.chain.managers import chain, networks, project
from freehold.chain.network import head_number
from freehold.errors import Refused
from prover.algebra.keccak import keccak256
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from prover.cairo.prove import key_of
from prover.cairo.statement import program_identity
from prover.codegen.pedersen_tables import pages
from prover.codegen.shape import Contract
from prover.codegen.shapes import EXCHANGE_BUILTINS, EXCHANGE_SHAPE, contract_of
from prover.proving.batch import exchange_program
from prover.stark.identities import VerifyingKey
from prover.stark.parameters import DEFAULT, NAMED, Parameters

LOG_BLOCKS = 5_000
"""Asked for in one call."""
ADAPTERS = {
    "Freehold_ProgramFactAdapter_2026_1": "ProgramFactAdapter",
    "Freehold_RollupFactAdapter_2026_1": "RollupFactAdapter",
}
COMMITTEES = {"Freehold_Committee_2026_1": "Committee", "Freehold_BlsCommittee_2026_1": "BlsCommittee"}
"""What a contract says of itself -> its name."""
DELAYS = {
    "deposit_cancel": "DEPOSIT_CANCEL_DELAY",
    "freeze_grace": "FREEZE_GRACE_PERIOD",
    "unfreeze": "UNFREEZE_DELAY",
    "verifier_removal": "VERIFIER_REMOVAL_DELAY",
    "configuration": "configurationDelay",
    "upgrade": "getUpgradeActivationDelay",
}
"""Of `deployed.Delays`: the getter of each."""
ESCAPE_TABLES_SLOT = 2
"""Of `EscapeVerifier`: two variables of its registry stand before the tables' addresses."""
NO_ADDRESS = "0x" + "00" * 20


class Verdict(StrEnum):
    """`SHOWN`: not in the source tree, for the reader to judge."""

    SAME = "same"
    DIFFERENT = "different"
    UNTOLD = "cannot be told"
    SHOWN = "shown"


@dataclass(frozen=True)
class Line:
    """One thing: of which part, what was found, and why the verdict is what it is."""

    part: str
    what: str
    verdict: Verdict
    found: str
    reason: str = ""


Lines = Iterator[Line]


def verify_deployment(address: str, config: GeneralConfig | None = None, first_block: int = 0) -> list[Line]:
    """All that can be told of the exchange at `address`; logs are read from `first_block` on."""
    exchange = exchange_at(project, contract_at(address, "the exchange's address", "FreeholdProxy").address)
    sections: dict[str, Callable[[], Lines]] = {
        "exchange": lambda: _exchange(exchange),
        "delays": lambda: _delays(exchange),
        "escape verifier": lambda: _escape_verifier(str(exchange.escapeVerifier())),
        "verifiers": lambda: _verifiers(exchange),
        "committee": lambda: _committees(exchange),
        "configuration": lambda: _configuration(exchange, config),
        "history": lambda: _history(exchange, first_block),
        "roles": lambda: _roles(exchange, first_block),
    }
    return [line for part, section in sections.items() for line in _told(part, section)]


def read_config(path: Path) -> GeneralConfig:
    try:
        return GeneralConfig.model_validate(json.loads(path.read_text()))
    except (OSError, ValueError, ValidationError) as error:
        raise Refused(f"{path} is no general configuration: {error}") from error


def as_json(lines: list[Line]) -> str:
    return json.dumps([asdict(line) for line in lines], indent=2)


def is_same(lines: list[Line]) -> bool:
    """Nothing differs, and nothing that the source tree knows was left untold."""
    return not any(line.verdict in (Verdict.DIFFERENT, Verdict.UNTOLD) for line in lines)


def _told(part: str, section: Callable[[], Lines]) -> Lines:
    """A contract that is another's may answer anything, or nothing: then the rest of its section cannot be told."""
    try:
        yield from section()
    except CodeUnknown as unknown:
        yield Line(part, "code", Verdict.UNTOLD, "", str(unknown))
    except Exception as error:  # each kind of node says in its own way that a call failed
        yield Line(part, "the rest", Verdict.UNTOLD, "", f"{type(error).__name__}: {error}")


def _compared(part: str, what: str, found: object, expected: object) -> Line:
    if found == expected:
        return Line(part, what, Verdict.SAME, str(found))
    return Line(part, what, Verdict.DIFFERENT, str(found), f"{expected} is expected")


def _code(part: str, what: str, address: str, name: str) -> tuple[Line, Deployed | None]:
    """The line of a contract's code, and what is known of it."""
    try:
        deployed = read(address, name)
    except OtherCode as other:
        return Line(part, what, Verdict.DIFFERENT, address, f"not {name}: {other}"), None
    reason = "" if deployed.same_metadata else "the same instructions, of sources with another text"
    return Line(part, what, Verdict.SAME, f"{name} {address}", reason), deployed


def _constructor(part: str, what: str, address: str, name: str) -> Line:
    """Of a contract with storage: facts, members and governors could stand there that no code would have let in."""
    try:
        return Line(part, f"{what}'s constructor", Verdict.SAME, check_creation(address, name))
    except OtherCode as other:
        return Line(part, f"{what}'s constructor", Verdict.DIFFERENT, address, str(other))
    except CodeUnknown as unknown:
        return Line(part, f"{what}'s constructor", Verdict.UNTOLD, address, str(unknown))


def _address(word: int) -> str:
    return str(to_checksum_address(word.to_bytes(20, "big")))


# --- the exchange's own code


def _exchange(exchange: ContractInstance) -> Lines:
    yield _code("exchange", "proxy", exchange.address, "FreeholdProxy")[0]
    yield _constructor("exchange", "proxy", exchange.address, "FreeholdProxy")
    implementation = str(exchange.implementation())
    line, deployed = _code("exchange", "implementation", implementation, "Freehold")
    yield line
    pieces = {"Custody": exchange.getSubContract(_selector("withdraw(uint256,uint256)"))}
    pieces["Administration"] = exchange.getSubContract(_selector("registerOperator(address)"))
    for name, address in pieces.items():
        yield _code("exchange", name.lower(), str(address), name)[0]
    if deployed is not None:
        words = deployed.immutables
        named = {"_self": implementation} | {f"_{name.lower()}": str(piece) for name, piece in pieces.items()}
        for name, address in named.items():
            yield _compared("exchange", f"immutable {name}", _address(words[name]), address)
    final = "may change, after the upgrade's delay" if exchange.isNotFinalized() else "is final"
    yield Line("exchange", "its code", Verdict.SHOWN, final)
    yield Line("exchange", "frozen", Verdict.SHOWN, "yes" if exchange.isFrozen() else "no")


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


def _delays(exchange: ContractInstance) -> Lines:
    for name, expected in vars(USUAL_DELAYS).items():
        yield _compared("delays", name, getattr(exchange, DELAYS[name])(), expected)


def _escape_verifier(address: str) -> Lines:
    part = "escape verifier"
    yield _code(part, "code", address, "EscapeVerifier")[0]
    yield _constructor(part, "code", address, "EscapeVerifier")
    count = _storage(address, ESCAPE_TABLES_SLOT)
    first = int.from_bytes(keccak256(ESCAPE_TABLES_SLOT.to_bytes(32, "big")), "big")
    expected = [b"\0" + page for page in pages()]
    found = [code_at(_address(_storage(address, first + i))) for i in range(min(count, len(expected) + 1))]
    right = sum(one == other for one, other in zip(found, expected, strict=False))
    verdict = Verdict.SAME if found == expected else Verdict.DIFFERENT
    yield Line(part, "tables", verdict, f"{count} contracts", f"{right} of {len(expected)} tables are there")


def _storage(address: str, slot: int) -> int:
    return int.from_bytes(networks.provider.get_storage(address, slot), "big")


# --- verifiers


def _verifiers(exchange: ContractInstance) -> Lines:
    for number, address in enumerate(map(str, exchange.getRegisteredVerifiers()), start=1):
        yield from _told(f"verifier {number}", partial(_adapter, f"verifier {number}", address))


def _adapter(part: str, address: str) -> Lines:
    identity = str(contract_at(address, part, "ProgramFactAdapter").identify())
    if identity not in ADAPTERS:
        yield Line(
            part, "adapter", Verdict.DIFFERENT, address, f"it calls itself {identity}: nothing of this source tree"
        )
        return
    line, adapter = _code(part, "adapter", address, ADAPTERS[identity])
    yield line
    if adapter is None:
        return
    yield _constructor(part, "adapter", address, ADAPTERS[identity])
    line, verifier = _code(part, "verifier", _address(adapter.immutables["gpsContract"]), "StarkVerifier")
    yield line
    if verifier is None:
        return
    yield _constructor(part, "verifier", _address(adapter.immutables["gpsContract"]), "StarkVerifier")
    line, header = _code(part, "header verifier", _address(verifier.immutables["headerVerifier"]), "HeaderVerifier")
    yield line
    if header is not None:
        yield from _proof_system(part, header.immutables, verifier.immutables)
        key = key_of(EXCHANGE_BUILTINS, parameters_of(header.immutables))
        yield from _statement(part, header.immutables, key, adapter.immutables["programHash"])


def parameters_of(words: dict[str, int]) -> Parameters:
    """From a header verifier's immutables."""
    kappas = words["kappas"]
    return Parameters(
        log_blowup=words["logBlowup"],
        n_queries=words["queries"],
        grinding_bits=words["grindingBits"],
        log_arity=words["logArity"],
        log_last=words["logLast"],
        digest_bytes=words["digestBytes"],
        log_packing=(kappas & 0xFF, kappas >> 8 & 0xFF, kappas >> 16),
        part_queries=words["partQueries"],
    )


def _proof_system(part: str, header: dict[str, int], verifier: dict[str, int]) -> Lines:
    parameters = parameters_of(header)
    name = next((name for name, one in NAMED.items() if one == parameters), "no named set")
    bits, enough = parameters.proven_bits(), DEFAULT.proven_bits()
    strong = name in NAMED and bits >= enough
    reason = "" if strong else f"a named set of {enough:.1f} proven bits is expected"
    verdict = Verdict.SAME if strong else Verdict.DIFFERENT
    yield Line(part, "parameters", verdict, f"{name}: {bits:.1f} proven bits, {parameters.describe()}", reason)
    shared = {name: word for name, word in verifier.items() if name != "headerVerifier"}
    yield _compared(part, "parameters of queries", shared, {name: header[name] for name in shared})
    yield from _generated(part, contract_of(EXCHANGE_SHAPE), _address(header["shape"]))


def _generated(part: str, contract: Contract, address: str) -> Lines:
    """A shape's contract, the parts of its evaluator and their constants."""
    line, deployed = _code(part, "shape", address, contract.name)
    yield line
    if deployed is None:
        return
    for number, piece in enumerate(contract.parts, start=1):
        yield from _generated(part, piece, _address(deployed.immutables[f"part{number}"]))
    if contract.data:
        constants = _address(deployed.immutables["constants"])
        same = code_at(constants) == b"\0" + contract.data
        yield Line(part, "constants of the shape", Verdict.SAME if same else Verdict.DIFFERENT, constants)


def _statement(part: str, header: dict[str, int], key: VerifyingKey, program: int) -> Lines:
    """What proofs are believed of: the constant columns, all of the proof system in one word, the program."""
    yield _compared(part, "preprocessed root", hex(header["preprocessedRoot"]), hex(key.preprocessed_root))
    yield _compared(part, "identity", hex(header["identity"]), hex(key.identity))
    expected = program_identity(key.shape, tuple(exchange_program().data))
    yield _compared(part, "program", hex(program), hex(expected))


# --- committees


def _committees(exchange: ContractInstance) -> Lines:
    for number, address in enumerate(map(str, exchange.getRegisteredAvailabilityVerifiers()), start=1):
        yield from _told(f"committee {number}", partial(_committee, f"committee {number}", address))


def _committee(part: str, address: str) -> Lines:
    identity = str(contract_at(address, part, "Committee").identify())
    if identity not in COMMITTEES:
        yield Line(part, "code", Verdict.DIFFERENT, address, f"it calls itself {identity}: nothing of this source tree")
        return
    name = COMMITTEES[identity]
    line, deployed = _code(part, "code", address, name)
    yield line
    if deployed is None:
        return
    yield _constructor(part, "code", address, name)
    contract = contract_at(address, part, name)
    if name == "Committee":
        members = [str(member) for member in contract.getMembers()]
    else:
        members = ["0x" + bytes(contract.memberKey(i)).hex() for i in range(deployed.immutables["memberCount"])]
    required = deployed.immutables["signaturesRequired"]
    yield Line(part, "members who must sign", Verdict.SHOWN, f"{required} of {len(members)}")
    for number, member in enumerate(members):
        yield Line(part, f"member {number}", Verdict.SHOWN, member)


# --- configuration, history, roles


def _configuration(exchange: ContractInstance, config: GeneralConfig | None) -> Lines:
    found = "0x" + bytes(exchange.globalConfigurationHash()).hex()
    if config is None:
        yield Line("configuration", "general", Verdict.SHOWN, found, "name its file by --config to compare")
        return
    yield _compared("configuration", "general", found, f"0x{config.hash():064x}")
    for asset in config.synthetic_assets:
        hash_found = "0x" + bytes(exchange.configurationHash(asset.asset_id)).hex()
        yield _compared("configuration", f"asset {asset.asset_id:#x}", hash_found, f"0x{asset.hash():064x}")
    collateral = exchange.getSystemAssetType()
    yield _compared("configuration", "collateral", hex(collateral), hex(config.collateral_asset_id))


def _logs(exchange: ContractInstance, name: str, first_block: int) -> Iterator[Any]:
    end = head_number() + 1
    for start in range(first_block, end, LOG_BLOCKS):
        yield from getattr(exchange, name).range(start, min(start + LOG_BLOCKS, end))


def _history(exchange: ContractInstance, first_block: int) -> Lines:
    """How the exchange began, and what its code was or will be."""
    upgrades = list(_logs(exchange, "ImplementationUpgraded", first_block))
    if not upgrades:
        yield Line(
            "history", "first state", Verdict.UNTOLD, "", "no log of its beginning: name an earlier --from-block"
        )
        return
    yield _first_state(bytes(upgrades[0].initializer))
    initializers = [str(one.implementation) for one in upgrades[1:] if len(one.initializer)]
    if initializers:
        reason = "later upgrades ran initializers, which can write anything: read them"
        yield Line("history", "upgrades", Verdict.UNTOLD, ", ".join(initializers), reason)
    else:
        yield Line("history", "upgrades", Verdict.SAME, f"{len(upgrades) - 1} after the first, no initializer ran")
    for added in _logs(exchange, "ImplementationAdded", first_block):
        finalizes = bool(int(added.finalize))  # Ape leaves a log's boolean a digit
        enabled_at = exchange.implementationEnabledAt(added.implementation, added.initializer, finalizes)
        if enabled_at:
            reason = f"new code waits and may be run from {enabled_at} on"
            yield Line("history", "announced", Verdict.DIFFERENT, str(added.implementation), reason)


def _first_state(data: bytes) -> Line:
    """Empty trees, no indices, no prices: nobody was given anything."""
    initializer, rest = decode(["address", "bytes"], data)
    if initializer != NO_ADDRESS:
        return Line(
            "history", "first state", Verdict.UNTOLD, initializer, "an initializer of its own began the exchange"
        )
    words = decode(["(uint48,uint48,uint48,uint48,uint48)", "address", "uint256", "uint256[]"], rest)[-1]
    heights = {"positions_tree_height": words[1], "orders_tree_height": words[3]}
    config = GeneralConfig.model_validate({"collateral_asset_id": 1, **heights})
    expected = State.initial(config, Seconds(words[-1])).words()
    if list(words) == expected:
        return Line("history", "first state", Verdict.SAME, "empty")
    return Line("history", "first state", Verdict.DIFFERENT, str(list(words)), "not empty: positions were there before")


def _roles(exchange: ContractInstance, first_block: int) -> Lines:
    """Whoever was named in a log and has the role now."""
    asked = {
        "governor": ("LogNewGovernorAccepted", "acceptedGovernor", exchange.mainIsGovernor),
        "governor of the code": ("LogNewGovernorAccepted", "acceptedGovernor", exchange.proxyIsGovernor),
        "operator": ("LogOperatorAdded", "operator", exchange.isOperator),
        "token administrator": ("LogTokenAdminAdded", "tokenAdmin", exchange.isTokenAdmin),
    }
    for role, (event, field, has_role) in asked.items():
        named = dict.fromkeys(str(getattr(log, field)) for log in _logs(exchange, event, first_block))
        for account in named:
            if has_role(account):
                yield Line("roles", role, Verdict.SHOWN, account)
    yield Line("roles", "time", Verdict.SHOWN, f"block {head_number()}, {chain.blocks.head.timestamp}")
