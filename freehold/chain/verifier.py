"""Deploy the proof verifier, register programs, and submit proofs. Shared by scripts and tests."""

from __future__ import annotations

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI
from ape.contracts.base import ContractContainer, ContractInstance
from ape.managers.project import ProjectManager
from ethpm_types.contract_type import ContractType

from freehold.chain.contracts import deploy
from prover.cairo.program import Program
from prover.cairo.prove import key_of
from prover.codegen.shape import Contract
from prover.codegen.shapes import EXCHANGE_SHAPE, SHAPES, contract_of
from prover.stark.parameters import DEFAULT, Parameters
from prover.stark.proof import Proof

PAGE_BYTES = 24_000
"""Program words of one data contract: below the limit of code, a multiple of 32."""


def deploy_verifier(
    project: ProjectManager, account: AccountAPI, parameters: Parameters = DEFAULT, shape: str = EXCHANGE_SHAPE
) -> ContractInstance:
    """The verifier of one generated shape under one set of parameters."""
    root = key_of(SHAPES[shape], parameters).preprocessed_root
    header_verifier = deploy(
        account, project.HeaderVerifier, deploy_shape(project, account, shape), root, parameter_words(parameters)
    )
    return deploy(account, project.StarkVerifier, header_verifier)


def deploy_shape(project: ProjectManager, account: AccountAPI, shape: str) -> ContractInstance:
    """A shape's contract, after the parts of its evaluator and their constants."""
    return _deploy_generated(project, account, contract_of(shape))


def _deploy_generated(project: ProjectManager, account: AccountAPI, contract: Contract) -> ContractInstance:
    arguments = [_deploy_generated(project, account, part) for part in contract.parts]
    if contract.data:
        arguments.append(deploy(account, data_contract(contract.data)))
    return deploy(account, getattr(project, contract.name), *arguments)


def parameter_words(parameters: Parameters) -> tuple[object, ...]:
    """The struct of `ProofParameters.sol`."""
    return (
        parameters.log_blowup,
        parameters.n_queries,
        parameters.grinding_bits,
        parameters.log_arity,
        parameters.log_last,
        parameters.digest_bytes,
        list(parameters.log_packing),
        parameters.part_queries,
    )


def data_contract(data: bytes) -> ContractContainer:
    """A contract whose code is a STOP byte and then `data`."""
    code = b"\x00" + data
    loader = bytes.fromhex(f"61{len(code):04x}80600a5f395ff3")
    contract = {
        "abi": [],
        "contractName": "DataContract",
        "deploymentBytecode": {"bytecode": "0x" + (loader + code).hex()},
    }
    return ContractContainer(ContractType.model_validate(contract))


def register_program(account: AccountAPI, verifier: ContractInstance, program: Program) -> int:
    """Publish the program's words and name them; returns the number."""
    data = b"".join(word.to_bytes(32, "big") for word in program.data)
    pages = [deploy(account, data_contract(data[i : i + PAGE_BYTES])) for i in range(0, len(data), PAGE_BYTES)]
    receipt = verifier.registerProgram(pages, sender=account)
    (event,) = receipt.decode_logs(verifier.ProgramRegistered)
    return int(event.number)


def submit_proof(account: AccountAPI, verifier: ContractInstance, number: int, proof: Proof) -> list[ReceiptAPI]:
    """One transaction for a proof of one part, else the header and then each part. What is on chain already, whoever
    brought it, is left out: an interrupted submission goes on."""
    header = list(proof.header)
    session, context = verifier.contextOf(number, header)
    _transcript, fact, *_ = context
    if verifier.isValid(fact):
        return []
    if len(proof.parts) == 1:
        return [verifier.verify(number, header, proof.parts[0], sender=account)]
    receipts = []
    if verifier.pending(session) == 0:
        receipts.append(verifier.begin(number, header, sender=account))
    for part, openings in enumerate(proof.parts):
        if verifier.pending(session) >> part & 1:
            receipts.append(verifier.continueVerification(context, part, openings, sender=account))
    return receipts
