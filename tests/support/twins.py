"""Broken twins of the exchange: each lacks one check, or does one thing wrong. The machine must catch every one."""

from __future__ import annotations

from dataclasses import dataclass

from ape.contracts import ContractContainer
from ethpm_types import ContractType

from tests.support.solidity import ROOT, compiled, request, sources_of


@dataclass(frozen=True)
class Twin:
    """`piece` is compiled with `old` replaced by `new` once in `source`."""

    name: str
    piece: str
    source: str
    old: str
    new: str


TWINS = (
    Twin(
        "anybody reclaims a deposit",
        "Custody",
        "Custody",
        "Users.load().requireOwner(starkKey);\n        Assets",
        "Assets",
    ),
    Twin(
        "deposits are reclaimed without waiting",
        "Custody",
        "Deposits",
        "if (block.timestamp < cancelledAt + delay) revert ICustody.DepositLocked(cancelledAt + delay);",
        "",
    ),
    Twin("a reclaimed deposit stays pending", "Custody", "Deposits", "        slot.pending = 0;\n", ""),
    Twin(
        "a paid withdrawal stays",
        "Custody",
        "Withdrawals",
        "(booking.granted - uint128(granted), booking.claimed - uint128(claimed));",
        "(booking.granted, booking.claimed);",
    ),
    Twin(
        "what cannot be paid is forgotten",
        "Custody",
        "Withdrawals",
        "(booking.granted - uint128(granted), booking.claimed - uint128(claimed));",
        "(0, 0);",
    ),
    Twin(
        "escapes draw on deposits",
        "Custody",
        "SetApart",
        "forWithdrawals = held.saturatingSub(self.deposits);",
        "forWithdrawals = held;",
    ),
    Twin(
        "escapes draw on granted withdrawals",
        "Custody",
        "SetApart",
        "forClaims = forWithdrawals.saturatingSub(self.withdrawals);",
        "forClaims = forWithdrawals;",
    ),
    Twin(
        "escapes are booked as granted",
        "Freehold",
        "Operations",
        "Withdrawals.load().claim(",
        "Withdrawals.load().grant(",
    ),
    Twin(
        "a used-up cancellation stays",
        "Freehold",
        "Deposits",
        "if (pending == amount && slot.cancelledAt != 0) slot.cancelledAt = 0;",
        "",
    ),
    Twin(
        "a spent trade is requested again",
        "Freehold",
        "ForcedRequests",
        "if (once) revert IForcedRequests.ForcedTradeSpent(requestHash, requestedAt);",
        "",
    ),
    Twin(
        "a spent trade is served",
        "Freehold",
        "ForcedRequests",
        "if (outlived) revert IForcedRequests.ForcedTradeSpent(requestHash, requestedAt);",
        "",
    ),
    Twin("deposits are taken while frozen", "Custody", "Custody", "        notFrozen\n        nonReentrant\n", ""),
    Twin(
        "a stranger's deposit ends a cancellation",
        "Custody",
        "Deposits",
        "if (byOwner && slot.cancelledAt != 0)",
        "if (slot.cancelledAt != 0)",
    ),
    Twin(
        "a batch takes more than was deposited",
        "Freehold",
        "Deposits",
        "if (pending < amount) revert ICustody.DepositInsufficient(starkKey, positionId, pending, amount);",
        "if (pending < amount) amount = pending;",
    ),
    Twin(
        "an unproven batch is taken",
        "Freehold",
        "StateUpdate",
        "        chains.verifiers.requireProven(fact);\n",
        "",
    ),
    Twin(
        "data need not be available",
        "Freehold",
        "StateUpdate",
        "if (parts.isRollup) return;",
        "if (!parts.isRollup) return;",
    ),
    Twin(
        "a rollup's batch needs no proof",
        "Freehold",
        "StateUpdate",
        "        chains.verifiers.requireProven(fact);\n",
        "        if (!parts.isRollup) chains.verifiers.requireProven(fact);\n",
    ),
    Twin(
        "a rollup's data is not bound",
        "Freehold",
        "ProgramOutput",
        "if (!parts.isRollup) return keccak256(abi.encodePacked(output));",
        "return keccak256(abi.encodePacked(output[:parts.end]));",
    ),
    Twin(
        "a condition need not be met",
        "Freehold",
        "StateUpdate",
        "if (!met) revert IOperations.ConditionNotMet(i, registry, fact);",
        "",
    ),
    Twin(
        "conditions are not the batch's",
        "Freehold",
        "StateUpdate",
        "if (found != conditions[i]) revert IOperations.ConditionMismatch(i, found, conditions[i]);",
        "",
    ),
    Twin(
        "a batch pays less than it says",
        "Freehold",
        "Withdrawals",
        "self.bookings[ownerKey][assetType].granted += uint128(amount);",
        "self.bookings[ownerKey][assetType].granted += uint128(amount > 30 ? amount - 1 : amount);",
    ),
    Twin(
        "a batch follows any state",
        "Freehold",
        "StateUpdate",
        "if (found != expected) revert IOperations.InvalidPreviousSharedState(found, expected);",
        "",
    ),
    Twin("anybody updates the state", "Freehold", "Operations", "        Roles.load().requireOperator();\n", ""),
    Twin(
        "a frozen exchange moves its state",
        "Freehold",
        "Operations",
        "        notFrozen\n        nonReentrant\n    {\n        Roles",
        "    {\n        Roles",
    ),
    Twin(
        "a batch serves what nobody asked",
        "Freehold",
        "ForcedRequests",
        "if (self.requestedAt[requestHash] == 0) revert IForcedRequests.ForcedRequestNotPending(requestHash);",
        "if (self.requestedAt[requestHash] == 0) return;",
    ),
    Twin(
        "a served request stays pending",
        "Freehold",
        "ForcedRequests",
        "self.requestedAt[requestHash] = 0;",
        "",
    ),
    Twin(
        "a served trade comes again",
        "Freehold",
        "ForcedRequests",
        "self.requestedAt[requestHash] = SERVED;",
        "self.requestedAt[requestHash] = 0;",
    ),
    Twin(
        "a request freezes before its deadline",
        "Freehold",
        "Freeze",
        "if (block.timestamp < deadline) revert IFreeze.GracePeriodNotOver(deadline);",
        "",
    ),
    Twin(
        "an old request freezes again",
        "Freehold",
        "Freeze",
        "if (isOutlived(self, deadline)) revert IFreeze.RefreezeAttempt(deadline, self.unfreezeTime);",
        "",
    ),
    Twin(
        "a freeze ends after escapes",
        "Freehold",
        "Freeze",
        "if (escapes != 0) revert IFreeze.EscapesWereUsed(escapes);",
        "",
    ),
    Twin(
        "a position escapes twice",
        "Freehold",
        "Escapes",
        "if (self.used[positionId]) revert IOperations.EscapeAlreadyUsed(positionId);",
        "",
    ),
    Twin(
        "an escape needs no proof",
        "Freehold",
        "Escapes",
        "if (!self.verifier.isValid(claim)) revert IOperations.EscapeLacksProof(claim);",
        "",
    ),
    Twin(
        "party b need not sign",
        "Freehold",
        "ForcedTrades",
        "if (!signed) revert IOperations.InvalidSignature(owner);",
        "",
    ),
    Twin(
        "a configuration is applied at once",
        "Administration",
        "Configuration",
        "if (block.timestamp < when) revert IAdministration.ConfigurationNotEnabledYet(when);",
        "",
    ),
    Twin(
        "a configuration is applied again and again",
        "Administration",
        "Configuration",
        "        delete self.registeredAt[assetId][configHash];\n        if",
        "        if",
    ),
    Twin(
        "a verifier is removed at once",
        "Administration",
        "ApprovalChain",
        "if (block.timestamp < allowedAt) revert IAdministration.RemovalNotEnabledYet(allowedAt);",
        "",
    ),
    Twin(
        "code is upgraded at once",
        "FreeholdProxy",
        "FreeholdProxy",
        "if (!first && block.timestamp < enabledAt) revert UpgradeNotEnabledYet(enabledAt);",
        "",
    ),
)


class TwinProject:
    """A project that deploys one piece as its broken twin. ABIs stay whole: a twin's lacks what it never does."""

    def __init__(self, project, twin: Twin, container: ContractContainer) -> None:
        self._project, self._own = project, {twin.piece: container}

    def __getattr__(self, name: str):
        return self._own.get(name) or getattr(self._project, name)


def path_of(name: str) -> str:
    """Of a contract or library of the exchange, from the root."""
    (path,) = (path for folder in ("common", "perpetual") for path in (ROOT / "contracts" / folder).glob(f"{name}.sol"))
    return path.relative_to(ROOT).as_posix()


def broken_sources(twin: Twin) -> dict[str, str]:
    """Raises ValueError if the sources no longer have what the twin breaks, once."""
    sources = sources_of([ROOT / path_of(twin.piece)])
    path = path_of(twin.source)
    if sources[path].count(twin.old) != 1:
        raise ValueError(f"{path} has not one {twin.old!r}, which the twin {twin.name!r} breaks")
    return sources | {path: sources[path].replace(twin.old, twin.new)}


def compile_twin(twin: Twin) -> ContractContainer:
    path = path_of(twin.piece)
    output = compiled(request(broken_sources(twin), {path: {twin.piece: ["abi", "evm.bytecode.object"]}}))
    return _container(twin, output["contracts"][path][twin.piece])


def _container(twin: Twin, compiled: dict) -> ContractContainer:
    contract = {
        "abi": compiled["abi"],
        "contractName": twin.piece,
        "deploymentBytecode": {"bytecode": "0x" + compiled["evm"]["bytecode"]["object"]},
    }
    return ContractContainer(ContractType.model_validate(contract))
