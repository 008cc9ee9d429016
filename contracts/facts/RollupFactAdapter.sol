// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";
import {FactRegistry} from "./FactRegistry.sol";

/// @title Facts of one program whose data is on chain
/// @notice The usual entry of a rollup exchange's verifiers. A state transition's fact is known here only after somebody
/// published the batch's data as calldata, so the position tree can be rebuilt from the calldata of the transactions that
/// emitted `DataPublished`, in order.
/// @dev The program outputs the main page and then the data. A main page tells its own length, and the exchange takes none
/// of another length; so only one way of cutting off the main page leads to a fact that is of use. The data may be cut into
/// pages anywhere: each cut is a fact of its own, and the exchange is told which one by the two words that it is given.
contract RollupFactAdapter is FactRegistry, IIdentity {
    /// @notice Send a page at least.
    error NoPages();
    /// @notice Send pages that have words.
    error EmptyData();
    /// @notice Prove the output first, then send it word for word.
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
        _requirePage(data);
        // slither-disable-next-line encode-packed-collision -- the output is the two in one, see above on cuts
        _requireProven(keccak256(abi.encodePacked(mainPage, data)));

        _register(mainPage, keccak256(abi.encodePacked(data)), data.length);
    }

    /// @notice The same with the data in one or several pages. One page is what `publish` takes.
    function publishPages(uint256[] calldata mainPage, uint256[][] calldata pages) external {
        if (pages.length == 0) revert NoPages();
        bytes memory output = abi.encodePacked(mainPage);
        bytes memory node = "";
        uint256 end = mainPage.length; // of the pages so far, in words of the output
        for (uint256 i = 0; i < pages.length; ++i) {
            _requirePage(pages[i]);
            end += pages[i].length;
            bytes memory page = abi.encodePacked(pages[i]);
            output = bytes.concat(output, page);
            node = abi.encodePacked(node, keccak256(page), end);
        }
        _requireProven(keccak256(output));

        bytes32 dataHash = pages.length == 1 ? keccak256(abi.encodePacked(pages[0])) : _nodeHash(node);
        _register(mainPage, dataHash, end - mainPage.length);
    }

    function identify() external pure returns (string memory) {
        return "Freehold_RollupFactAdapter_2026_1";
    }

    function _requirePage(uint256[] calldata page) private pure {
        if (page.length == 0) revert EmptyData();
    }

    function _requireProven(bytes32 outputHash) private view {
        bool proven = gpsContract.isValid(keccak256(abi.encode(programHash, outputHash)));
        if (!proven) revert NotProven(outputHash);
    }

    /// @dev `dataHash`: the one page's, or the node's over all.
    function _register(uint256[] calldata mainPage, bytes32 dataHash, uint256 words) private {
        bytes32 mainHash = keccak256(abi.encodePacked(mainPage));
        bytes32 fact = _nodeHash(abi.encode(mainHash, mainPage.length, dataHash, mainPage.length + words));

        _registerFact(fact);

        emit DataPublished(fact, dataHash, words);
    }

    /// @dev Published: children's hashes, each with the end of its words in the output, and one more for an inner node.
    function _nodeHash(bytes memory children) private pure returns (bytes32) {
        unchecked {
            return bytes32(uint256(keccak256(children)) + 1);
        }
    }
}
