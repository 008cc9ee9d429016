// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";
import {FactRegistry} from "./FactRegistry.sol";

/// @title Facts of one program whose data is on chain
/// @notice The usual entry of a rollup exchange's verifiers. A state transition's fact is known here only after somebody
/// published the batch's data as calldata of `publish`, so the position tree can be rebuilt from the calldata of the
/// transactions that emitted `DataPublished`, in order.
/// @dev The program outputs the main page and then the data. A main page tells its own length, and the exchange takes none
/// of another length; so only one way of cutting an output in two leads to a fact that is of use.
contract RollupFactAdapter is FactRegistry, IIdentity {
    error EmptyData();
    error NotProven(bytes32 outputHash);

    event DataPublished(bytes32 indexed stateTransitionFact, bytes32 dataHash, uint256 words);

    IFactRegistry public immutable gpsContract;
    uint256 public immutable programHash;

    constructor(IFactRegistry verifier, uint256 programHash_) {
        gpsContract = verifier;
        programHash = programHash_;
    }

    /// @notice Show a proven output in its two parts. Anyone may call.
    function publish(uint256[] calldata mainPage, uint256[] calldata data) external {
        if (data.length == 0) revert EmptyData();
        // slither-disable-next-line encode-packed-collision -- the output is the two in one, see above on cuts
        bytes32 outputHash = keccak256(abi.encodePacked(mainPage, data));
        bool proven = gpsContract.isValid(keccak256(abi.encode(programHash, outputHash)));
        if (!proven) revert NotProven(outputHash);
        (bytes32 mainHash, bytes32 dataHash) = (keccak256(abi.encodePacked(mainPage)), keccak256(abi.encodePacked(data)));
        bytes32 tree = keccak256(abi.encode(mainHash, mainPage.length, dataHash, mainPage.length + data.length));
        bytes32 fact;
        unchecked {
            fact = bytes32(uint256(tree) + 1); // published: an inner node's hash is one more
        }

        _registerFact(fact);

        emit DataPublished(fact, dataHash, data.length);
    }

    function identify() external pure returns (string memory) {
        return "Freehold_RollupFactAdapter_2026_1";
    }
}
