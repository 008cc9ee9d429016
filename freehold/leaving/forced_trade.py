"""A forced trade in two halves: an offer that party B signs, and the request that party A sends with it.

The offer is a file. It says what both do, until when, on which exchange; B's Ethereum account has signed just that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from ape.api.accounts import AccountAPI
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from pydantic import AfterValidator, ValidationError

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import SERVED, Exchange, trade_arguments
from freehold.chain.managers import chain, networks
from freehold.chain.signatures import raw_signature
from freehold.errors import Refused
from freehold.files import write_whole
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.fields import AMOUNT_UPPER_BOUND, Document, HoursField
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.amounts import human
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.facts import forced_trade_consent
from prover.applications.perpetual.fields import POSITION_ID_UPPER_BOUND
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.transactions import ForcedTrade

HOUR = 3600
SIGNATURE_BYTES = 65
FIELDS = (
    "starkKeyA",
    "starkKeyB",
    "vaultIdA",
    "vaultIdB",
    "collateralAssetId",
    "syntheticAssetId",
    "amountCollateral",
    "amountSynthetic",
    "aIsBuyingSynthetic",
    "submissionExpirationTime",
    "nonce",
)
"""Of the structure that EIP-712 has wallets show, in its order."""
DOMAIN = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}


def _is_signature(text: str) -> str:
    if len(bytes.fromhex(text.removeprefix("0x"))) < SIGNATURE_BYTES:
        raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes or more")
    return text


class Offer(Document):
    """`expiration`: the hour since 1970 up to whose end it is good. `signature`: r, s, v in hex."""

    chain_id: int
    exchange: str
    trade: ForcedTrade
    expiration: HoursField
    signature: Annotated[str, AfterValidator(_is_signature)]

    @staticmethod
    def read(path: Path) -> Offer:
        """Refuses in one line what is none."""
        try:
            return Offer.model_validate(json.loads(path.read_bytes()))
        except (OSError, ValidationError, ValueError) as error:
            raise Refused(f"{path} is no offer of a forced trade: {' '.join(str(error).split())}") from error

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(self.model_dump(mode="json"), indent=2) + "\n")


@dataclass(frozen=True)
class Terms:
    """A trade on an exchange, with the hour up to whose end it may be requested: what is signed."""

    exchange: Exchange
    trade: ForcedTrade
    expiration: Hours

    def typed(self) -> SignableMessage:
        """What EIP-712 has wallets show, in Freehold's domain."""
        *terms, nonce = trade_arguments(self.trade, self.exchange.asset_type)
        kinds = {name: "bool" if name == "aIsBuyingSynthetic" else "uint256" for name in FIELDS}
        document: dict[str, Any] = {
            "types": {
                "EIP712Domain": [{"name": name, "type": kind} for name, kind in DOMAIN.items()],
                "ForcedTrade": [{"name": name, "type": kind} for name, kind in kinds.items()],
            },
            "primaryType": "ForcedTrade",
            "domain": {
                "name": "Freehold",
                "version": "1",
                "chainId": networks.provider.chain_id,
                "verifyingContract": str(self.exchange.contract.address),
            },
            "message": dict(zip(FIELDS, [*terms, int(self.expiration), nonce], strict=True)),
        }
        return encode_typed_data(full_message=document)

    def published(self) -> bytes:
        """The digest that every v3.2 takes. It binds neither chain nor exchange."""
        return forced_trade_consent(self.trade, self.exchange.asset_type, self.expiration)

    @property
    def takes_typed(self) -> bool:
        """Only Freehold takes EIP-712 signatures."""
        arguments = list(trade_arguments(self.trade, self.exchange.asset_type))
        arguments.insert(-1, int(self.expiration))
        return self.exchange.extra("forcedTradeDigests", *arguments) is not None

    def signed_by(self, account: AccountAPI) -> Offer:
        """By EIP-712 where the exchange takes that, else over the published digest."""
        if self.takes_typed:
            signed = account.sign_message(self.typed())
            if signed is None:
                raise Refused(f"{account.address} did not sign")
            r, s = (int.from_bytes(part, "big") for part in (signed.r, signed.s))
            signature = words_to_bytes([r, s]) + bytes([signed.v])
        else:
            signature = raw_signature(account, self.published())
        return Offer(
            chain_id=networks.provider.chain_id,
            exchange=str(self.exchange.contract.address),
            trade=self.trade,
            expiration=self.expiration,
            signature="0x" + signature.hex(),
        )

    def is_signed(self, signature: bytes, owner: str) -> bool:
        """By an account's key, over either digest. What a contract would answer is not asked."""
        try:
            if self.takes_typed and Account.recover_message(self.typed(), signature=signature) == owner:
                return True
            return bool(Account._recover_hash(self.published(), signature=signature[:SIGNATURE_BYTES]) == owner)
        except Exception:  # not even the form of a signature
            return False

    def refuse_malformed(self) -> None:
        """Raises Refused for what the contract would refuse, but for who owns which key and who signed."""
        trade, contract = self.trade, self.exchange.contract
        if trade.position_id_a == trade.position_id_b:
            raise Refused(f"both parties have position {trade.position_id_a}: trade between two")
        for position in trade.position_ids():
            height = contract.getRollupTreeHeight()
            if position >= POSITION_ID_UPPER_BOUND or position >> height:
                raise Refused(f"the exchange has positions below 2^{height}, not {position}")
        if self.exchange.asset_type == 0:
            raise Refused("the exchange has no collateral yet")
        if not any(bytes(contract.configurationHash(trade.synthetic_asset_id))):
            raise Refused(f"the exchange has no asset {asset_name(trade.synthetic_asset_id)}")
        for amount in (trade.amount_collateral, trade.amount_synthetic):
            if not 0 < amount < AMOUNT_UPPER_BOUND:
                raise Refused(f"{amount} quanta are not in [1, 2^64)")
        now = int(chain.pending_timestamp) // HOUR
        if self.expiration < now:
            raise Refused(
                f"it was good up to the end of hour {self.expiration}, now it is hour {now}: have it signed anew"
            )

    def refuse_spent(self) -> None:
        """Raises Refused for a trade that was served, or that waits already."""
        arguments = trade_arguments(self.trade, self.exchange.asset_type)
        if self.exchange.contract.getForcedTradeRequest(*arguments) == SERVED:
            raise Refused("this trade was served once, and is served once: it needs another nonce")
        pending = self.exchange.trade_request(self.trade)
        if pending is not None and not pending.is_outlived:
            raise Refused("the same trade is pending already")

    def describe(self, config: GeneralConfig | None) -> str:
        """What both do, in words."""
        trade = self.trade
        asset = asset_name(trade.synthetic_asset_id)
        buyer, seller = trade.position_ids()
        if not trade.is_party_a_buying_synthetic:
            buyer, seller = seller, buyer
        amount = synthetic_text(config, trade.synthetic_asset_id, trade.amount_synthetic)
        total = self.exchange.coins(trade.amount_collateral)
        return f"position {buyer} buys {amount} of {asset} from position {seller} for {total}"


def accept(exchange: Exchange, offer: Offer, account: AccountAPI, premium: bool) -> ContractCall:
    """Party A's request with B's offer. Raises Refused for what the contract would refuse."""
    if offer.chain_id != networks.provider.chain_id:
        raise Refused(f"the offer is for chain {offer.chain_id}, not for {networks.provider.chain_id}")
    if offer.exchange.lower() != str(exchange.contract.address).lower():
        raise Refused(f"the offer is for the exchange {offer.exchange}, not for {exchange.contract.address}")
    trade, terms = offer.trade, Terms(exchange, offer.trade, offer.expiration)
    exchange.refuse_if_frozen()
    exchange.refuse_stranger(account, trade.public_key_a)
    terms.refuse_malformed()
    partner = exchange.owner_of(trade.public_key_b)
    if partner is None:
        raise Refused(f"the partner's Stark key {trade.public_key_b:#x} is not registered")
    signature = bytes.fromhex(offer.signature.removeprefix("0x"))
    if not networks.provider.get_code(partner) and not terms.is_signed(signature, partner):
        raise Refused(f"{partner}, who owns the partner's Stark key, has not signed this trade and hour")
    terms.refuse_spent()
    *most, nonce = trade_arguments(trade, exchange.asset_type)
    arguments = (*most, int(offer.expiration), nonce, signature, premium)
    return ContractCall("request the trade", exchange.contract, "forcedTradeRequest", arguments)


def synthetic_text(config: GeneralConfig | None, asset_id: int, amount: int) -> str:
    """In units of the asset where its resolution is known, else in quanta."""
    for asset in config.synthetic_assets if config else ():
        if asset.asset_id == asset_id:
            return human(amount, asset.resolution)
    return f"{amount:,} quanta"
